import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ConstrainedGroup, Verdict } from "../../../src/domain/constraint.ts";
import { constrainingParams, constrainingProblems, createConstraining } from "../../../src/reward/constraints/constraining.ts";
import { sigmoid } from "../../../src/reward/numerics.ts";
import { vectors } from "../../support/vectors.ts";

const VERDICTS = { 1: "satisfied", 0: "violated", [-1]: "unknown" } as const;

function ruleOf(params: object) {
  return createConstraining(constrainingParams.parse(params), "logit", "r");
}
function groupOf(rewards: (number | null)[], verdicts: Verdict[], more: Partial<ConstrainedGroup> = {}): ConstrainedGroup {
  return { rewards, verdicts, kl: rewards.map(() => 0), truncated: rewards.map(() => false), ...more };
}

describe("createConstraining(params, space, revision)", () => {
  it("gives the inputs of the three optimisers that the worked vectors give", () => {
    for (const { input, params, expected, case: name } of vectors("agg.cgpo")) {
      const verdicts = (input.verdict as (1 | 0 | -1)[]).map((code) => (code === -1 ? "violated" : VERDICTS[code]));
      const { rewards, summary } = ruleOf({ baseline: input.baseline, klMax: params.kl_max }).apply(
        groupOf(input.r, verdicts, { kl: input.kl }),
      );
      for (const [key, wire] of [
        ["calibrated", "calibrated"],
        ["crpg", "crpg"],
        ["crpgCentred", "crpg_centred"],
        ["crraft", "crraft"],
      ] as const) {
        for (const [i, value] of (expected[wire] as number[]).entries())
          assert.ok(Math.abs(rewards[i]![key]! - value) < 1e-6, `${name} ${key}`);
      }
      assert.deepEqual(summary.positive, expected.positive);
      assert.deepEqual(summary.negative, expected.negative);
      assert.equal(summary.crraftBest ?? null, expected.crraft_best ?? null);
      const [chosen, rejected] = expected.codpo ?? [null, null];
      assert.deepEqual(summary.codpo ?? { chosen: null, rejected: null }, { chosen, rejected });
    }
  });

  it("withholds the reward of a violation, or gives it what the panel states", () => {
    const group = groupOf([-3, 2], ["violated", "satisfied"]);
    const rewards = (params: object) =>
      ruleOf(params)
        .apply(group)
        .rewards.map((each) => each!.reward);
    assert.deepEqual(rewards({}), [null, 2]);
    assert.deepEqual(rewards({ violation: { reward: -10 } }), [-10, 2]);
    assert.deepEqual(rewards({ baseline: 1, reward: "calibrated" }), [null, sigmoid(1)]);
    assert.deepEqual(rewards({ baseline: 1, reward: "crpg" }), [0, sigmoid(1)]);
  });

  it("gives nothing to a candidate without a reward or without a verdict, and keeps the places of the others", () => {
    const group = groupOf([null, 1, 5, 0.5], ["satisfied", "satisfied", "unknown", "violated"]);
    const { rewards, summary } = ruleOf({ baseline: 0 }).apply(group);
    assert.deepEqual(
      rewards.map((each) => each?.reward ?? null),
      [null, 1, null, null],
    );
    assert.equal(rewards[0], null);
    assert.equal(rewards[2], null);
    assert.deepEqual(summary, { positive: [1], negative: [3], crraftBest: 1, baselineWeight: 0, codpo: { chosen: 1, rejected: 3 } });
  });

  it("falls back on half of a satisfying baseline when no candidate qualifies", () => {
    const { summary } = ruleOf({ baseline: "item" }).apply(groupOf([1], ["violated"], { baseline: 0, baselineVerdict: "satisfied" }));
    assert.equal(summary.baselineWeight, 0.5);
    assert.equal(summary.codpo, undefined);
  });

  it("never makes a violating candidate the best, whatever the signs of the rewards", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -30, max: 30, noNaN: true }), fc.boolean()), { minLength: 1, maxLength: 8 }),
        (candidates) => {
          const verdicts = candidates.map(([, holds]): Verdict => (holds ? "satisfied" : "violated"));
          const { rewards, summary } = ruleOf({ baseline: 0, reward: "crpg" }).apply(
            groupOf(
              candidates.map(([reward]) => reward),
              verdicts,
            ),
          );
          const best = Math.max(...rewards.map((each) => each!.reward!));
          for (const [i, [, holds]] of candidates.entries()) if (!holds) assert.ok(rewards[i]!.reward === 0 && best >= 0);
          if (summary.crraftBest !== undefined) assert.equal(verdicts[summary.crraftBest], "satisfied");
          if (summary.codpo) assert.equal(verdicts[summary.codpo.chosen], "satisfied");
        },
      ),
    );
  });

  it("asks for baselines only where it compares with the item's, for KL only under a budget, and names the space of what it gives", () => {
    const reads = (params: object) => {
      const { readsBaselines, readsKl, spaceOut } = ruleOf(params);
      return [readsBaselines, readsKl, spaceOut];
    };
    assert.deepEqual(reads({}), [false, false, "logit"]);
    assert.deepEqual(reads({ baseline: 0, klMax: 1, reward: "calibrated" }), [false, true, "probability"]);
    assert.deepEqual(reads({ baseline: "item", reward: "crpg" }), [true, false, "unit"]);
    assert.deepEqual(reads({ baseline: "item", reward: "crraft" }), [true, false, "unit"]);
  });

  it("joins verdicts by the dominance that is stated", () => {
    const verdicts: Verdict[] = ["violated", "unknown", "satisfied"];
    assert.equal(ruleOf({}).join(verdicts), "violated");
    assert.equal(ruleOf({ dominates: "error" }).join(verdicts), "unknown");
    assert.equal(ruleOf({}).join(["satisfied", "unknown"]), "unknown");
  });
});

describe("constrainingProblems(params, space)", () => {
  const problems = (params: object, space: "logit" | "unit" = "logit") =>
    constrainingProblems(constrainingParams.parse(params), space).map(({ path }) => path.join("."));

  it("refuses a calibrated reward of anything but log-odds, and what acts on one that is not there", () => {
    assert.deepEqual(problems({ baseline: 0, klMax: 1, missingEosPenalty: 1 }), []);
    assert.deepEqual(problems({ baseline: 0 }, "unit"), ["baseline"]);
    assert.deepEqual(problems({ klMax: 1 }), ["klMax"]);
    assert.deepEqual(problems({ missingEosPenalty: 1 }), ["missingEosPenalty"]);
    assert.deepEqual(problems({ reward: "crraft" }), ["reward"]);
    assert.deepEqual(problems({ baseline: 0, reward: "crpg", violation: { reward: 0 } }), ["violation"]);
    assert.deepEqual(problems({ baseline: 0, reward: "crraft", violation: { reward: 0 } }), ["violation"]);
    for (const reward of [-1, 2]) {
      assert.deepEqual(problems({ baseline: 0, reward: "calibrated", violation: { reward } }), ["violation.reward"]);
    }
  });

  it("takes any reward of a violation where the aggregate is kept, a probability where it is calibrated, and any space without a baseline", () => {
    for (const reward of [-10, 0, 7]) assert.deepEqual(problems({ violation: { reward } }), []);
    for (const reward of [0, 0.5, 1]) assert.deepEqual(problems({ baseline: 0, reward: "calibrated", violation: { reward } }), []);
    assert.deepEqual(problems({ baseline: 0, reward: "calibrated", violation: "withhold" }), []);
    assert.deepEqual(problems({}, "unit"), []);
  });
});
