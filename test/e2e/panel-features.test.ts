import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { scalariser } from "../../src/config/member.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Judge } from "../../src/domain/judge.ts";
import type { FailurePolicy, Member, Panel, Sequence } from "../../src/domain/panel.ts";
import type { CandidateResult, ScoreOptions } from "../../src/domain/score.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { ADVANTAGE_KINDS, AGGREGATION_KINDS, TRANSFORM_KINDS } from "../../src/reward/index.ts";
import { contextOf, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge, settle } from "../support/scripted.ts";
import { WIDE } from "../support/scripted-engine.ts";

/** Features of panels that hold by themselves, put together at random: what must hold of every combination of them. */

const PLACES = [0, 1, 2, 3];
const AGGREGATIONS: Record<string, Record<string, unknown>> = {
  ...{ weightedSum: {}, weightedMean: {}, softmin: { temperature: 0.5, form: "logMeanExp" }, min: {}, median: {}, borda: {} },
  ...{ uwo: { lambda: 0.5, ddof: 0 }, reciprocalRank: { k: 60 }, gatedSum: { gatingFrom: "j0" } },
};
const ESTIMATORS = ["none", "grpo", "drGrpo", "rloo", "mrn"];
const POLICIES: FailurePolicy[] = [{ policy: "fail" }, { policy: "degrade" }, { policy: "degrade" }, { policy: "impute", value: 0.5 }];
const SEQUENCES: (Sequence | undefined)[] = [undefined, undefined, { margin: 0.5 }, { conflict: 1 }, { band: { from: 0, to: 1 } }];

const parts = fc.array(
  fc.record({
    standing: fc.constantFrom("counts" as const, "counts" as const, "shadow" as const, "audit" as const),
    weight: fc.constantFrom(0, 0.5, 1, 2),
    policy: fc.constantFrom(...POLICIES),
    transform: fc.constantFrom("none", "none", "minMax", "rank"),
    late: fc.boolean(),
  }),
  { minLength: PLACES.length, maxLength: PLACES.length },
);
/** A score per judge, where x is a failure. Few of them, so that candidates are often equal. */
const text = fc
  .array(fc.constantFrom("0", "1", "1", "2", "x"), { minLength: PLACES.length, maxLength: PLACES.length })
  .map((all) => all.join(" "));
const cases = fc.record({
  ...{ parts, method: fc.constantFrom(...Object.keys(AGGREGATIONS)), estimator: fc.constantFrom(...ESTIMATORS) },
  ...{ sequence: fc.constantFrom(...SEQUENCES), quorum: fc.integer({ min: 1, max: 2 }), steered: fc.boolean() },
  groups: fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
});
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never;

/** Reads its score off its place of a text. It has an objective of its own, and one that all have. */
function judgeAt(place: number, watches: boolean): Judge {
  const objectives = [`only-${place}`, "spread"].map((name) => ({ name, penalty: 0 }));
  const name = `j${place}`;
  return {
    ...scriptedJudge({
      ...{ name, backend: watches ? "watched" : "needed" },
      decode: (packed) => {
        const value = Math.trunc(packed / 10 ** (3 - place)) % 10;
        if (value === 9) return { outcome: "failed", error: new GatewayError("BACKEND_UNAVAILABLE", "gone") };
        return { outcome: "scored", value, objectives: Float64Array.of(value, value / 2), gating: Float64Array.of(1, 0) };
      },
    }),
    gated: { objectives, verbosityIndex: -1 },
  };
}

/** @param watchers whether those that only watch are there */
function panelFor({ parts: all, method, estimator, sequence, quorum }: Case, watchers: boolean): Panel {
  const equals = ["min", "median", "uwo"].includes(method);
  const members = all.flatMap(({ standing: wanted, weight, policy, transform, late }, place): Member[] => {
    const standing = place === 0 ? "counts" : wanted;
    if (standing !== "counts" && !watchers) return [];
    const judge = judgeAt(place, standing !== "counts");
    const kind = TRANSFORM_KINDS.find((each) => each.method === transform);
    const own = place === 0 ? 1 : equals ? Math.sign(weight) : method === "gatedSum" ? weight + 1 : weight;
    return [
      memberOf(judge, {
        ...{ standing, weight: standing === "counts" ? own : 0, onFailure: policy, required: place === 0 && method === "gatedSum" },
        stage: sequence !== undefined && place > 0 && standing === "counts" && late ? 1 : 0,
        transforms:
          kind === undefined ? [] : [kind.create(kind.params.parse({}), { spaceIn: "logit", revision: transform, judge: judge.name })],
        scalarise: scalariser(judge),
      }),
    ];
  });
  const facts = members.map(({ name, weight, standing, required, judge }) => {
    return { name, weight, counts: standing === "counts", required, gated: judge.gated };
  });
  // The gating is all on the others where there are any, so that it is on members that a candidate may lack.
  const gateOf = (name: string) => (name === "j0" && facts.some((fact) => fact.counts && fact.name !== "j0") ? "spread" : "only-0");
  const gates = { objectives: Object.fromEntries(facts.map(({ name }) => [name, [gateOf(name)]])) };
  const params = { ...AGGREGATIONS[method], ...(method === "gatedSum" && gates) };
  const kind = AGGREGATION_KINDS.find((each) => each.method === method)!;
  const aggregation = kind.create(params, { members: facts, spaceOut: "logit", revision: "r" });
  const advantages = ADVANTAGE_KINDS.find((each) => each.method === estimator);
  return panelOf(members, {
    ...{ aggregation, quorum },
    ...(sequence && { sequence }),
    ...(advantages && { advantages: advantages.create(advantages.params.parse({}), "r") }),
  });
}

/** @param turns of the event loop that those that only watch take longer */
function engineFor(panel: Panel, turns: number) {
  const digits = (of: string) => Number(of.replaceAll("x", "9").replaceAll(" ", ""));
  const batcher = (name: string, beforeRun?: () => Promise<void>) => {
    const backend = scriptedBackend({ name, score: digits, ...(beforeRun && { beforeRun }) });
    return [name, createBatcher({ backend, queue: WIDE, clock: systemClock, random: () => 0.5 })] as const;
  };
  const score = createScorer({
    ...{ panels: new Map([["panel", panel]]), clock: systemClock, maxRequestMs: 600_000 },
    batchers: new Map([batcher("needed"), batcher("watched", () => settle(turns))]),
    cache: createScoreCache({ maxBytes: 1e7, maxEntries: 1e5 }),
  });
  return async (items: Item[], options: Partial<ScoreOptions>) => (await score(requestOf(items, options), contextOf())).results;
}

const decided = ({ status, reward, missing, advantage, failure }: CandidateResult) => [status, reward, missing, advantage, failure?.reason];

describe("features of a panel together", () => {
  it("give the same rewards whoever watches, whatever else is in the request, in any order, and out of the cache", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (made) => {
        const counting = PLACES.filter((place) => place === 0 || made.parts[place]!.standing === "counts");
        // All weight on objectives of those that count: the judges of the others are left without.
        const weights = Object.fromEntries(counting.map((place) => [`only-${place}`, 1]));
        const options = made.steered ? { steering: { weights, mode: "override", alpha: 1 } as const } : {};
        const items = made.groups.map((texts, i) => itemOf(`i${i}`, texts));
        const ask = engineFor(panelFor(made, true), 3);
        const results = await ask(items, options);
        const rewards = results.map(({ candidates }) => candidates.map(decided));

        const unwatched = await engineFor(panelFor(made, false), 0)(items, { ...options, detail: "reward" });
        assert.deepEqual(
          unwatched.map(({ candidates }) => candidates.map(decided)),
          rewards,
          "without those that watch",
        );
        assert.deepEqual(
          (await ask(items, options)).map(({ candidates }) => candidates.map(decided)),
          rewards,
          "out of the cache",
        );
        for (const [i, item] of items.entries()) {
          const [alone] = await engineFor(panelFor(made, true), 0)([item], options);
          assert.deepEqual(alone!.candidates.map(decided), rewards[i], "alone");
          const texts = item.candidates.toReversed().map(({ content }) => content as string);
          const [turned] = await engineFor(panelFor(made, true), 0)([itemOf("t", texts)], options);
          const expected = rewards[i]!.toReversed();
          for (const [j, candidate] of turned!.candidates.entries()) {
            const [status, reward, missing] = decided(candidate);
            assert.deepEqual([status, missing], [expected[j]![0], expected[j]![2]], "turned");
            if (reward !== undefined) assert.ok(Math.abs((reward as number) - (expected[j]![1] as number)) < 1e-9, "turned");
          }
        }
        for (const { candidates } of results) {
          for (const { reward, judges } of candidates) {
            const sum = judges.reduce((total, { contribution = 0 }) => total + contribution, 0);
            if (reward !== undefined) assert.ok(Math.abs(sum - reward) < 1e-9, "contributions");
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
