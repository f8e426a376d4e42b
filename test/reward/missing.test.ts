import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { equalWeights, type MissingPolicy, presentScores, requireFinite } from "../../src/reward/missing.ts";

const renormalise: MissingPolicy = { policy: "renormalise", minCoverage: 0.5 };

describe("presentScores", () => {
  it("with fail gives no result as soon as one score is missing", () => {
    assert.equal(presentScores([1, null], [1, 1], { policy: "fail" }), undefined);
    assert.deepEqual([...presentScores([1, 2], [1, 1], { policy: "fail" })!.scores], [1, 2]);
  });

  it("with renormalise keeps what is there, down to the least coverage", () => {
    const present = presentScores([0.8, null, 0.2], [2, 1, 1], renormalise)!;
    assert.deepEqual([...present.scores], [0.8, 0.2]);
    assert.deepEqual(present.indices, [0, 2]);
    assert.equal(present.coverage, 0.75);
    assert.equal(presentScores([null, 1], [2, 1], renormalise), undefined);
    assert.equal(presentScores([null, 1], [1, 1], renormalise)!.coverage, 0.5);
  });

  it("with impute puts the stated number in and still tells the coverage", () => {
    const present = presentScores([null, 1], [3, 1], { policy: "impute", value: -2 })!;
    assert.deepEqual([...present.scores], [-2, 1]);
    assert.equal(present.coverage, 0.25);
  });

  it("of nothing is no result, unless a number stands in", () => {
    assert.equal(presentScores([null], [1], { policy: "renormalise", minCoverage: 0 }), undefined);
    assert.deepEqual([...presentScores([null], [1], { policy: "impute", value: 0 })!.scores], [0]);
  });

  it("refuses NaN instead of treating it as missing", () => {
    for (const bad of [Number.NaN, Infinity]) {
      assert.throws(
        () => presentScores([1, bad], equalWeights(2), renormalise),
        (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
      );
    }
    requireFinite([1, null, -1], "a score");
  });
});
