import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addCounts, comparePairs, countPair, NO_PAIRS, pairAccuracy, pairsOf } from "../../src/evaluation/pair-accuracy.ts";
import { close, vectors } from "../support/vectors.ts";

describe("pair accuracy", () => {
  for (const { case: name, input, params, expected } of vectors("ev.pair_accuracy")) {
    it(`agrees with the worked case: ${name}`, () => {
      let counts = NO_PAIRS;
      for (const [i, chosen] of input.chosen.entries()) counts = countPair(counts, chosen, input.rejected[i]);
      assert.ok(close(pairAccuracy(counts, params.tie_credit), expected.accuracy));
    });
  }

  it("comparePairs compares only candidates whose ratings differ", () => {
    const counts = comparePairs([3, 2, 2, 9], [2, 1, 1, 0]);
    // (0,1) and (0,2) right; (3) is rated lowest and scored highest: three wrong; (1,2) have equal ratings.
    assert.deepEqual(counts, { right: 2, ties: 0, wrong: 3 });
    assert.deepEqual(comparePairs([1, 1], [0, 1]), { right: 0, ties: 1, wrong: 0 });
    assert.equal(pairsOf(comparePairs([1, 2, 3], [5, 5, 5])), 0);
  });

  it("addCounts adds, and accuracy of nothing is not a number", () => {
    assert.deepEqual(addCounts({ right: 1, ties: 2, wrong: 3 }, { right: 1, ties: 1, wrong: 1 }), { right: 2, ties: 3, wrong: 4 });
    assert.ok(Number.isNaN(pairAccuracy(NO_PAIRS)));
  });
});
