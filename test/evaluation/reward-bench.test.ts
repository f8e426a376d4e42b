import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { REWARD_BENCH_COUNTS, REWARD_BENCH_SECTIONS, scoreSections } from "../../src/evaluation/reward-bench.ts";

const layout = { sections: REWARD_BENCH_SECTIONS, counts: REWARD_BENCH_COUNTS };

describe("scoreSections", () => {
  it("knows 23 subsets in four sections, each with a count, and math as heavy as code", () => {
    const subsets = Object.values(REWARD_BENCH_SECTIONS).flat();
    assert.deepEqual([subsets.length, new Set(subsets).size, Object.keys(REWARD_BENCH_SECTIONS).length], [23, 23, 4]);
    assert.deepEqual(Object.keys(REWARD_BENCH_COUNTS).sort(), [...subsets].sort());
    const code = subsets.filter((subset) => subset.startsWith("hep-"));
    assert.equal(
      code.reduce((total, subset) => total + REWARD_BENCH_COUNTS[subset]!, 0),
      REWARD_BENCH_COUNTS["math-prm"],
    );
  });

  it("weighs the subsets that were run by their counts", () => {
    const { sections, overall } = scoreSections({ "mt-bench-easy": 1, "mt-bench-med": 0, donotanswer: 0.5 }, layout);
    assert.deepEqual(sections, { Chat: 28 / 68, Safety: 0.5 });
    assert.equal(overall, (28 / 68 + 0.5) / 2);
  });

  it("lets prior sets enter with their own weight", () => {
    const prior = { accuracy: 1, weight: 0.5 };
    assert.equal(scoreSections({ donotanswer: 0.5 }, layout, prior).overall, 1 / 1.5);
  });

  it("has nothing to say of unknown subsets", () => {
    assert.deepEqual(scoreSections({ other: 1 }, layout), { sections: {}, overall: undefined });
  });
});
