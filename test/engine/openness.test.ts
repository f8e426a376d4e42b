import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Member, Panel, Sequence } from "../../src/domain/panel.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { NOT_ASKED, opennessOf } from "../../src/engine/openness.ts";
import { weighItem } from "../../src/engine/weigh-item.ts";
import { AGGREGATION_KINDS } from "../../src/reward/index.ts";
import { itemOf, memberOf, panelOf, scriptedJudge } from "../support/scripted.ts";

const STATES = { states: new Map() };
const FAILED: Judgement = { outcome: "failed", failure: { reason: "ITEM_TOO_LONG", message: "too long", retryable: false } };
const scored = (value: number): Judgement => ({
  outcome: "scored",
  raw: { outcome: "scored", value },
  ...{ cached: false, tokens: 1, truncation: undefined },
});

/** Every aggregation whose bounds follow from those of its scores, with parameters. */
const METHODS: Record<string, Record<string, unknown>> = {
  weightedSum: {},
  weightedMean: {},
  min: {},
  median: {},
  trimmedMean: { trim: 0.25 },
  softmin: { temperature: 0.3, form: "logMeanExp" },
  geometricMean: { floor: 1e-6 },
};

function panelWith(method: string, weights: readonly number[], late: readonly boolean[]): Panel {
  const kind = AGGREGATION_KINDS.find((each) => each.method === method)!;
  const members = weights.map(
    (weight, i): Member =>
      memberOf(scriptedJudge({ name: `j${i}` }), {
        ...{ weight, stage: late[i] ? 1 : 0, bounds: { lo: 0, hi: 1 }, onFailure: { policy: "degrade" } },
      }),
  );
  const facts = members.map(({ name, weight }) => ({ name, weight, counts: true, required: false, gated: undefined }));
  const aggregation = kind.create(METHODS[method]!, { members: facts, spaceOut: "unit", revision: "r" });
  assert.equal(aggregation.monotone, true, method);
  return panelOf(members, { aggregation, space: "unit" });
}

const rewardsOf = (panel: Panel, rows: Judgement[][]) =>
  weighItem(panel, { item: itemOf("i", rows[0]!.map(String)), rows }, STATES).rewards;
const openBy = (panel: Panel, sequence: Sequence, rows: Judgement[][]) =>
  opennessOf(panel, sequence, { item: itemOf("i", rows[0]!.map(String)), rows }, STATES);

/** A panel, a group under it, and who is asked late; equal weights where the aggregation wants them. */
const cases = fc
  .record({
    method: fc.constantFrom(...Object.keys(METHODS)),
    judges: fc.integer({ min: 2, max: 6 }),
    size: fc.integer({ min: 1, max: 4 }),
  })
  .chain(({ method, judges, size }) => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const weight = ["min", "median", "trimmedMean"].includes(method) ? fc.constant(1) : fc.double({ min: 0.01, max: 3, noNaN: true });
    return fc.record({
      method: fc.constant(method),
      weights: fc.array(weight, { minLength: judges, maxLength: judges }),
      // The first is never late and never fails, so that there is a reward at once.
      late: fc.array(fc.boolean(), { minLength: judges, maxLength: judges }).map((flags) => flags.map((flag, i) => flag && i > 0)),
      fails: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: judges, maxLength: judges }),
      scores: fc.array(fc.array(unit, { minLength: size, maxLength: size }), { minLength: judges, maxLength: judges }),
      threshold: unit,
    });
  });

describe("whether an item is open", () => {
  it("says settled only where the judges that were not asked could not have changed the side of any reward, or the best", () => {
    let settled = 0;
    fc.assert(
      fc.property(cases, ({ method, weights, late, fails, scores, threshold }) => {
        const panel = panelWith(method, weights, late);
        const full = scores.map((row, j) => row.map((value) => (j > 0 && !late[j] && fails[j] === 0 ? FAILED : scored(value))));
        const before = full.map((row, j) => (late[j] ? row.map(() => NOT_ASKED) : row));
        const [now, then] = [rewardsOf(panel, before), rewardsOf(panel, full)].map((rewards) => rewards.map((reward) => reward!));
        if (!openBy(panel, { threshold }, before).reasons.includes("threshold")) {
          settled++;
          for (const [i, reward] of now!.entries()) assert.equal(reward > threshold, then![i]! > threshold);
        }
        if (!openBy(panel, { best: true }, before).reasons.includes("best")) {
          settled++;
          const best = (rewards: number[]) => rewards.indexOf(Math.max(...rewards));
          assert.equal(best(now!), best(then!));
        }
      }),
    );
    assert.ok(settled > 0, "no case was settled");
  });

  it("says open wherever some scores of the judges that were not asked would change a side", () => {
    fc.assert(
      fc.property(cases, ({ method, weights, late, scores, threshold }) => {
        const panel = panelWith(method, weights, late);
        const with0 = (value: number) => scores.map((row, j) => row.map((own) => scored(late[j] ? value : own)));
        const before = scores.map((row, j) => row.map((own) => (late[j] ? NOT_ASKED : scored(own))));
        const ends = [rewardsOf(panel, with0(0)), rewardsOf(panel, with0(1)), rewardsOf(panel, before)];
        const parted = ends[0]!.some((_, i) => new Set(ends.map((rewards) => rewards[i]! > threshold)).size > 1);
        if (parted) assert.ok(openBy(panel, { threshold }, before).reasons.includes("threshold"));
      }),
    );
  });

  it("follows votes: a majority that nobody can overturn is settled, and one that can is not", () => {
    const panel = panelWith("weightedMean", [1, 1, 1, 1, 1], [false, false, false, true, true]);
    const votes = (...first: number[]) => [...first.map((vote) => [scored(vote)]), [NOT_ASKED], [NOT_ASKED]];
    assert.deepEqual(openBy(panel, { threshold: 0.5 }, votes(1, 1, 1)), { reasons: [], moot: false });
    assert.deepEqual(openBy(panel, { threshold: 0.5 }, votes(0, 0, 0)), { reasons: [], moot: false });
    assert.deepEqual(openBy(panel, { threshold: 0.5 }, votes(1, 1, 0)), { reasons: ["threshold"], moot: false });
  });

  it("turns the bounds of a member around that state weighs below 0", () => {
    const members = [0, 1].map((i) => memberOf(scriptedJudge({ name: `j${i}` }), { stage: i, bounds: { lo: 0, hi: 4 } }));
    const weighting = { state: "mix", weightsOf: () => Float64Array.of(1, -1) };
    const panel = panelOf(members, { weighting });
    const weighed = { states: new Map([["mix", {} as never]]) };
    const open = (score: number, threshold: number) =>
      opennessOf(panel, { threshold }, { item: itemOf("i", ["a"]), rows: [[scored(score)], [NOT_ASKED]] }, weighed).reasons;
    // From 5 − 4 to 5 − 0 with the second, and 5 · 2 without it.
    assert.deepEqual([open(5, 0.9), open(5, 1.5), open(5, 10.1)], [[], ["threshold"], []]);
  });

  it("gives a candidate that is vetoed, or cannot be told to be safe, no say", () => {
    const gate = memberOf(scriptedJudge({ name: "gate" }));
    const { weight: _, standing: __, ...reading } = gate;
    const rule = {
      revision: "r",
      readsBaselines: false,
      readsKl: false,
      spaceOut: "logit",
      join: (verdicts: readonly ("satisfied" | "violated" | "unknown")[]) => verdicts[0]!,
      apply: ({ rewards, verdicts }: { rewards: readonly (number | null)[]; verdicts: readonly string[] }) => ({
        rewards: rewards.map((reward, i) => ({ reward: verdicts[i] === "satisfied" ? reward : null })),
        summary: { positive: [], negative: [] },
      }),
    } as const;
    const readings = [{ ...reading, bound: { atLeast: 1 }, notApplicable: "unknown" }] as const;
    const members = [0, 1].map((i) => memberOf(scriptedJudge({ name: `j${i}` }), { stage: i }));
    const panel = panelOf(members, { constraints: { readings: [...readings], rule } });
    const rows = (...gates: Judgement[]) => [gates.map((_, i) => scored(i)), gates.map(() => NOT_ASKED), gates];
    // The best two are 2 apart, and only one of them is in play.
    assert.deepEqual(openBy(panel, { margin: 3 }, rows(scored(1), scored(1))).reasons, ["margin"]);
    assert.deepEqual(openBy(panel, { margin: 3 }, rows(scored(1), scored(0))), { reasons: [], moot: false });
    assert.deepEqual(openBy(panel, { margin: 3 }, rows(scored(1), FAILED)), { reasons: [], moot: false });
    assert.deepEqual(openBy(panel, { margin: 3 }, rows(scored(0), FAILED)), { reasons: [], moot: true });
  });
});
