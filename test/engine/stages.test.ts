import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, systemClock } from "../../src/domain/clock.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Judge, RawScore } from "../../src/domain/judge.ts";
import type { FailurePolicy, Member, Panel, Sequence } from "../../src/domain/panel.ts";
import type { ItemResult, ScoreOptions } from "../../src/domain/score.ts";
import type { Bounds } from "../../src/domain/score-space.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { manualClock } from "../support/manual-clock.ts";
import { contextOf, deferred, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge, settle } from "../support/scripted.ts";

const METRICS = () => createMetrics({ version: "test", commit: "test" });

interface Script {
  readonly judges?: number;
  /** Of the queue of the third judge. */
  readonly maxCalls?: number;
  readonly policy?: FailurePolicy;
  /** Of the later members. */
  readonly bounds?: Bounds;
  readonly beforeDear?: () => Promise<void>;
  readonly beforeDearest?: () => Promise<void>;
  readonly maxRequestMs?: number;
  readonly clock?: Clock;
  readonly panel?: (members: readonly Member[]) => Partial<Panel>;
}

/**
 * An engine whose judges read their scores off the text: `cheap other dear dearest`. The first two are asked at once; a score of `x`
 * is a failure.
 */
function engineOf(sequence: Sequence, script: Script = {}) {
  const metrics = METRICS();
  const clock = script.clock ?? systemClock;
  const names = ["cheap", "other", "dear", "dearest"].slice(0, script.judges);
  const backends = names.map((name, place) =>
    scriptedBackend({
      name,
      score: (text) => Number(text.split(" ")[place]),
      beforePrepare: (text) => (text.split(" ")[place] === "x" ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined),
      ...(name === "dear" && script.beforeDear && { beforeRun: script.beforeDear }),
      ...(name === "dearest" && script.beforeDearest && { beforeRun: script.beforeDearest }),
    }),
  );
  const { policy = { policy: "degrade" }, bounds } = script;
  const members = names.map((name, place) => {
    const stage = Math.max(0, place - 1);
    const own = { stage, weight: 0.25, onFailure: policy, ...(stage > 0 && bounds && { bounds }) };
    return memberOf(scriptedJudge({ name, backend: name }), own);
  });
  const queue = { maxCalls: 1000, maxTextSize: 1e9, maxTokens: 1e9 };
  const score = createScorer({
    panels: new Map([["panel", panelOf([...members, ...(script.panel?.(members).members ?? [])], { sequence, ...pick(script, members) })]]),
    batchers: new Map(
      backends.map((backend) => {
        const own = backend.name === "dear" && script.maxCalls !== undefined ? { ...queue, maxCalls: script.maxCalls } : queue;
        return [backend.name, createBatcher({ backend, queue: own, clock, random: () => 0.5, metrics })];
      }),
    ),
    cache: createScoreCache({ maxBytes: 1e7, maxEntries: 1e5, metrics }),
    clock,
    maxRequestMs: script.maxRequestMs ?? 100_000,
    metrics,
  });
  const ran = () => backends.map((backend) => backend.ran.length);
  const items = (groups: readonly string[][]) => groups.map((texts, i) => itemOf(`i${i}`, texts));
  return {
    score: (...groups: string[][]) => score(requestOf(items(groups)), contextOf()),
    scoreWith: (options: Partial<ScoreOptions>, ...groups: string[][]) => score(requestOf(items(groups), options), contextOf()),
    ran,
    metrics,
  };
}

/** What a script says of its panel besides further members. */
function pick(script: Script, members: readonly Member[]): Partial<Omit<Panel, "members" | "judges">> {
  const { members: _, judges: __, ...others } = script.panel?.(members) ?? {};
  return others;
}

/** A judge that asks nothing and gives everybody 0. */
const RULE: Judge = {
  ...scriptedJudge({ name: "rule" }),
  encode: (item) => [{ candidates: item.candidates.map((_, place) => place), calls: [] }],
  decode: ({ candidates }) => candidates.map((): RawScore => ({ outcome: "scored", value: 0 })),
};

const outcomesOf = ({ candidates }: ItemResult) => candidates.map(({ judges }) => judges.map(({ outcome }) => outcome).join(" "));

describe("judging in stages", () => {
  it("asks nobody more where the best two are far apart, and says so; the weights of those that were asked make the whole", async () => {
    const { score, ran } = engineOf({ margin: 1 });
    const { results } = await score(["4 2 9 9", "1 1 9 9", "0 2 9 9"]);
    const [{ candidates, judging }] = results as [(typeof results)[0]];
    assert.deepEqual(ran(), [3, 3, 0, 0]);
    const nothing = { openBy: [], leftOpen: [] };
    assert.deepEqual({ ...judging, tokens: 0 }, { stages: 3, asked: 1, stopped: "settled", ...nothing, spared: 6, tokens: 0 });
    assert.deepEqual(
      candidates.map(({ status, reward, missing }) => [status, reward, missing]),
      [
        ["complete", 3, []],
        ["complete", 1, []],
        ["complete", 1, []],
      ],
    );
    const [cheap, , dear] = candidates[0]!.judges;
    assert.deepEqual([cheap!.weight, cheap!.outcome], [0.5, "scored"]);
    assert.deepEqual([dear!.weight, dear!.outcome, dear!.tokens, dear!.failure!.reason], [0, "not_asked", 0, "JUDGE_SKIPPED"]);
    assert.equal("transformed" in dear!, false);
  });

  it("asks the next stage about every candidate of an open item, and of that item alone", async () => {
    const { score, ran } = engineOf({ margin: 1 });
    const { results } = await score(["2 2 8 0", "2 1 0 0", "0 0 0 0"], ["9 9 0 0", "1 1 0 0"]);
    assert.deepEqual(ran(), [5, 5, 3, 0]);
    const [open, settled] = results;
    const { asked, stopped, openBy, leftOpen, spared } = open!.judging!;
    assert.deepEqual([asked, stopped, openBy, leftOpen, spared], [2, "settled", ["margin"], [], 3]);
    assert.equal(settled!.judging!.asked, 1);
    // Three of four members, each a quarter, are scaled to the whole.
    assert.deepEqual(
      open!.candidates.map(({ reward, judges }) => [reward, judges.map(({ outcome }) => outcome).join(" ")]),
      [
        [4, "scored scored scored not_asked"],
        [1, "scored scored scored not_asked"],
        [0, "scored scored scored not_asked"],
      ],
    );
  });

  it("ends with the last stage and says what was still open, and what all of it cost", async () => {
    const { score, ran } = engineOf({ margin: 1 });
    const { results, usage } = await score(["1 1 1 1", "1 1 1 1 "]);
    assert.deepEqual(ran(), [2, 2, 2, 2]);
    const { judging } = results[0]!;
    const { asked, stopped, openBy, leftOpen, spared } = judging!;
    assert.deepEqual([asked, stopped, openBy, leftOpen, spared], [3, "exhausted", ["margin"], ["margin"], 0]);
    assert.equal(judging!.tokens, usage.tokens);
    const again = await score(["1 1 1 1", "1 1 1 1 "]);
    assert.deepEqual(ran(), [2, 2, 2, 2]);
    assert.deepEqual({ ...again.results[0]!.judging }, { ...judging, tokens: 0 });
  });

  for (const [what, sequence, group, openBy] of [
    ["a reward in the band", { band: { from: 1, to: 2 } }, ["1.5 1.5 0 0", "9 9 0 0"], ["band"]],
    ["one candidate in the band", { band: { from: 1, to: 2 } }, ["2 2 0 0"], ["band"]],
    ["members that part", { conflict: 3 }, ["4 1 0 0", "0 0 0 0"], ["conflict"]],
    ["a candidate without a reward", { margin: 0.1 }, ["x x 5 5", "1 1 0 0"], ["missing"]],
    ["a candidate that one judge failed to score", { margin: 0.1 }, ["x 5 5 5", "1 1 0 0"], ["missing"]],
    ["a reward that may cross the threshold", { threshold: 2 }, ["3.6 3.6 0 0", "9 9 0 0"], ["threshold"]],
    ["a reward that may touch the threshold", { threshold: 2 }, ["4 4 0 0"], ["threshold"]],
    ["a best that may be overtaken", { best: true }, ["2 2 0 0", "1.5 1.5 0 0"], ["best"]],
    ["everything at once", { threshold: 0.6, best: true, margin: 1 }, ["1 1 0 0", "1 1 0 0 "], ["threshold", "best", "margin"]],
  ] as const) {
    it(`finds an item open for ${what}`, async () => {
      const { score, ran } = engineOf(sequence, { judges: 3, bounds: { lo: 0, hi: 1 } });
      const { results } = await score([...group]);
      assert.equal(ran()[2], group.length);
      const { stages, asked, openBy: told } = results[0]!.judging!;
      assert.deepEqual([stages, asked, told], [2, 2, openBy]);
    });
  }

  for (const [what, sequence, group] of [
    ["rewards beside the band", { band: { from: 1, to: 2 } }, ["0.9 0.9 0 0", "2.1 2.1 0 0"]],
    ["one candidate under a margin alone", { margin: 5 }, ["1 1 0 0"]],
    ["members that nearly agree", { conflict: 3 }, ["3.9 1 0 0"]],
    ["best that are as far apart as the margin", { margin: 1 }, ["2 2 0 0", "1 1 0 0"]],
    // 4.5 now, from 2.25 to 2.75 with the later judges.
    ["a reward that cannot come down to the threshold", { threshold: 2.2 }, ["4.5 4.5 0 0"]],
    ["a reward that cannot come up to it", { threshold: 2.2 }, ["0.5 0.5 0 0"]],
    ["a best that nobody can overtake", { best: true }, ["4 4 0 0", "2.9 2.9 0 0"]],
    ["one candidate, which nobody can overtake", { best: true }, ["1 1 0 0"]],
  ] as const) {
    it(`finds an item settled with ${what}`, async () => {
      const { score, ran } = engineOf(sequence, { bounds: { lo: 0, hi: 1 } });
      const { results } = await score([...group]);
      assert.equal(ran()[2], 0);
      assert.equal(results[0]!.judging!.stopped, "settled");
    });
  }

  it("lets a judge of a later stage save a candidate that the first ones could not score", async () => {
    const { score } = engineOf({ margin: 0.1 });
    const { results } = await score(["x x 5 5", "1 1 1 1"]);
    const [saved, plain] = results[0]!.candidates;
    assert.deepEqual([saved!.status, saved!.reward, saved!.missing], ["degraded", 5, ["cheap", "other"]]);
    assert.deepEqual([plain!.status, plain!.reward], ["complete", 1]);
  });

  it("takes a later judge that fails like any other: its policy decides", async () => {
    const { score } = engineOf({ margin: 1 });
    const [first] = (await score(["1 1 x 9", "1 1 3 9"])).results;
    assert.deepEqual(
      first!.candidates.map(({ status, missing }) => [status, missing]),
      [
        ["degraded", ["dear"]],
        ["complete", []],
      ],
    );
  });

  it("has an item's later judge failed where its queue could never take the question", async () => {
    const { score } = engineOf({ margin: 1 }, { maxCalls: 1 });
    const [first] = (await score(["1 1 5 9", "1 1 3 1"])).results;
    assert.deepEqual(
      first!.candidates.map(({ status, missing }) => [status, missing]),
      [
        ["degraded", ["dear"]],
        ["degraded", ["dear"]],
      ],
    );
    assert.equal(first!.candidates[0]!.judges[2]!.failure!.reason, "TOO_LARGE");
  });

  it("fails no other judge of the stage with the one whose question its queue could never take", async () => {
    const later = { stage: 1, weight: 0.25 };
    const further = () => ({ members: [memberOf(RULE, later), memberOf(scriptedJudge({ name: "second", backend: "cheap" }), later)] });
    const { score } = engineOf({ margin: 1 }, { judges: 3, maxCalls: 1, panel: further });
    const [first] = (await score(["1 1 5", "1 1 3"])).results;
    assert.deepEqual(outcomesOf(first!), ["scored scored failed scored scored", "scored scored failed scored scored"]);
    assert.deepEqual(first!.candidates[0]!.missing, ["dear"]);
  });

  it("refuses a request whose later judge has no room now, as if it had been asked at once, and tells nothing from part of it", async () => {
    const gate = deferred();
    const { score, scoreWith, metrics } = engineOf({ margin: 1 }, { maxCalls: 2, beforeDear: () => gate.promise });
    const fills = [score(["1 1 5 9", "1 1 3 1"])];
    await settle(30);
    fills.push(score(["1 1 6 9", "1 1 4 1"]));
    await settle(30);
    const refused = { reason: "QUEUE_FULL" };
    await assert.rejects(score(["1 1 7 9", "1 1 2 1"]), refused);
    // The first judges answer from the cache now, so that the refusal comes before there is anything to wait for.
    await assert.rejects(score(["1 1 7 9", "1 1 2 1"]), refused);
    assert.equal((await scoreWith({}, ["9 9 7 9", "1 1 2 1"])).results[0]!.judging!.asked, 1);
    const { values } = await metrics.rejections.get();
    assert.deepEqual(
      values.flatMap(({ labels, value }) => (value > 0 ? [[labels.reason, value]] : [])),
      [["QUEUE_FULL", 2]],
    );
    gate.resolve();
    for (const { results } of await Promise.all(fills)) assert.equal(results[0]!.candidates[0]!.status, "complete");
  });

  it("fails a request whose deadline passes while a later judge is asked", async () => {
    const gate = deferred();
    const clock = manualClock();
    const asked = deferred();
    const beforeDear = () => {
      asked.resolve();
      return gate.promise;
    };
    const { score } = engineOf({ margin: 1 }, { beforeDear, maxRequestMs: 50, clock });
    const refused = assert.rejects(score(["1 1 5 9", "1 1 3 1"]), { reason: "DEADLINE_EXCEEDED" });
    await asked.promise;
    clock.advance(50);
    await refused;
    gate.resolve();
  });

  it("asks nobody more about an item whose candidates all failed for good, and calls that moot and not settled", async () => {
    const { score, ran } = engineOf({ margin: 1 }, { policy: { policy: "fail" } });
    const [lost, half] = (await score(["x 1 5 5", "x 2 5 5"], ["x 1 5 5", "1 1 5 5"])).results;
    assert.deepEqual([lost!.judging!.stopped, lost!.judging!.asked, lost!.judging!.leftOpen], ["moot", 1, []]);
    assert.ok(lost!.candidates.every(({ status }) => status === "failed"));
    // One that failed for good has no say in whether the other is open.
    assert.deepEqual([half!.judging!.stopped, half!.judging!.asked], ["settled", 1]);
    assert.equal(ran()[2], 0);
  });

  it("takes a score that the failure policy states for one that is missing", async () => {
    const { score } = engineOf({ band: { from: 100, to: 101 } }, { judges: 3, policy: { policy: "impute", value: 0 } });
    const [item] = (await score(["x 1 5"])).results;
    assert.deepEqual([item!.judging!.asked, item!.judging!.openBy, item!.judging!.leftOpen], [2, ["missing"], ["missing"]]);
    assert.equal(item!.judging!.stopped, "exhausted");
  });

  it("reckons with what the failure policy would state in the place of a later judge", async () => {
    const bounds = { lo: 0, hi: 1 };
    const settled = engineOf({ threshold: 2 }, { judges: 3, bounds });
    assert.equal((await settled.score(["4.2 4.2 0"])).results[0]!.judging!.asked, 1);
    const open = engineOf({ threshold: 2 }, { judges: 3, bounds, policy: { policy: "impute", value: -9 } });
    assert.deepEqual((await open.score(["4.2 4.2 0"])).results[0]!.judging!.openBy, ["threshold"]);
  });

  it("leaves a quorum to the later judges while the first ones miss it", async () => {
    const { score } = engineOf({ band: { from: 100, to: 101 } }, { judges: 3, panel: () => ({ quorum: 2 }) });
    const [item] = (await score(["x 4 2"])).results;
    assert.deepEqual([item!.candidates[0]!.status, item!.candidates[0]!.reward, item!.judging!.asked], ["degraded", 2.25, 2]);
  });

  it("shows a shadow of a later judge what the judge said, where it was asked, and never asks it for the shadow alone", async () => {
    const shadowOf = (members: readonly Member[]) =>
      members.slice(2, 3).map((member) => ({ ...member, name: "seen", standing: "shadow" as const, stage: 0, weight: 0 }));
    const { score, ran } = engineOf({ margin: 1 }, { judges: 3, panel: (members) => ({ members: shadowOf(members) }) });
    const [settled, open] = (await score(["9 9 1", "1 1 1"], ["1 1 3", "1 1 1"])).results;
    assert.deepEqual(outcomesOf(settled!), ["scored scored not_asked not_asked", "scored scored not_asked not_asked"]);
    assert.deepEqual(outcomesOf(open!), ["scored scored scored scored", "scored scored scored scored"]);
    assert.deepEqual(ran(), [3, 3, 2]);
    assert.equal(settled!.judging!.spared, 2);
  });

  it("asks later judges while one that only watches is still at work", async () => {
    for (const standing of ["shadow", "audit"] as const) {
      const gate = deferred();
      const watcher = memberOf(scriptedJudge({ name: "watcher", backend: "dearest" }), { standing, weight: 0 });
      const { score, ran } = engineOf({ margin: 1 }, { beforeDearest: () => gate.promise, panel: () => ({ members: [watcher] }) });
      const running = score(["1 1 7 0", "1 1 1 0"]);
      await settle(20);
      assert.deepEqual(ran().slice(0, 3), [2, 2, 2]);
      gate.resolve();
      const [item] = (await running).results;
      assert.deepEqual(
        [item!.judging!.asked, item!.judging!.openBy, item!.candidates[0]!.reward!.toFixed(9)],
        [2, ["margin"], "3.000000000"],
      );
    }
  });

  it("lets a judge that covers no item of its stage neither wait nor count as asked", async () => {
    const notApplicable = () => "covers nothing";
    const further = () => ({ members: [memberOf(scriptedJudge({ name: "none", notApplicable }), { stage: 1 })] });
    const { score } = engineOf({ margin: 1 }, { judges: 2, panel: further });
    const [item] = (await score(["1 1", "1 1 "])).results;
    assert.deepEqual(outcomesOf(item!), ["scored scored not_applicable", "scored scored not_applicable"]);
    assert.deepEqual([item!.judging!.asked, item!.judging!.stopped, item!.judging!.leftOpen], [1, "exhausted", ["margin"]]);
  });

  it("asks a later rule, which needs no backend, and the judges after it", async () => {
    const further = () => ({ members: [memberOf(RULE, { stage: 1, weight: 0.25 })] });
    const { score, ran } = engineOf({ margin: 1 }, { judges: 4, panel: further });
    const [item] = (await score(["1 1 1 1", "1 1 1 1 "])).results;
    assert.deepEqual([item!.judging!.asked, ran()], [3, [2, 2, 2, 2]]);
    assert.ok(item!.candidates.every(({ judges }) => judges.every(({ outcome }) => outcome === "scored")));
  });

  it("has no reward for a weighting that weighs nobody but judges that were not asked", async () => {
    const { scoreWith } = engineOf({ margin: 1 });
    const weightSets = [
      { name: "late", memberWeights: { dear: 1 } },
      { name: "both", memberWeights: { cheap: 1, dear: 1 } },
    ];
    const [settled, open] = (await scoreWith({ weightSets }, ["4 0 7 7", "0 0 7 7"], ["1 1 7 7", "1 1 0 0"])).results;
    assert.deepEqual(settled!.candidates[0]!.rewards, { both: 8 });
    assert.deepEqual(open!.candidates[0]!.rewards, { late: 7, both: 8 });
  });

  it("counts the tokens of answers that could not be read as well", async () => {
    const decode = () => ({ outcome: "failed", error: new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no number") }) as const;
    const { metrics, score } = engineOf(
      { margin: 1 },
      {
        judges: 2,
        panel: () => ({
          members: [memberOf(scriptedJudge({ name: "third", backend: "cheap", decode }), { stage: 1, onFailure: { policy: "degrade" } })],
        }),
      },
    );
    const { results } = await score(["1 1", "1 1  "]);
    assert.deepEqual([results[0]!.candidates[0]!.missing, results[0]!.judging!.stopped], [["third"], "exhausted"]);
    // 3 and 5 characters, each read by three judges.
    assert.equal(results[0]!.judging!.tokens, 24);
    const { values } = await metrics.stages.opened.get();
    assert.deepEqual(values, [{ labels: { panel: "panel", reason: "margin" }, value: 1 }]);
  });

  it("does the same whether the first judges' scores come from models or from the cache", async () => {
    const { score, ran } = engineOf({ margin: 1 });
    const settled = await score(["9 9 1 1", "1 1 1 1"]);
    assert.deepEqual((await score(["9 9 1 1", "1 1 1 1"])).results[0]!.judging!.asked, settled.results[0]!.judging!.asked);
    // Both are cached now, and open beside each other.
    await score(["9 9 1 1"], ["9 9 1 1", "9 9 1 1 "]);
    assert.equal(ran()[2], 2);
  });

  it("counts judges that were not asked as such", async () => {
    const { score, metrics } = engineOf({ margin: 1 });
    await score(["9 9 1 1", "1 1 1 1"]);
    const { values } = await metrics.judgeCalls.get();
    assert.deepEqual(
      values
        .filter(({ labels }) => labels.outcome === "not_asked" && ["dear", "dearest"].includes(`${labels.judge}`))
        .map(({ value }) => value),
      [2, 2],
    );
    const stopped = (await metrics.stages.itemsStopped.get()).values;
    assert.deepEqual(stopped, [{ labels: { panel: "panel", asked: "1", reason: "settled" }, value: 1 }]);
  });
});
