import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { inverseVariance, weighByAgreement } from "../../../src/reward/aggregation/uncertainty.ts";

describe("uncertainty", () => {
  it("weighByAgreement counts less the further two passes part, whichever is higher", () => {
    const { weights } = weighByAgreement([1, 1, 1], [1, 2, 0], 1);
    assert.deepEqual([weights[0], weights[1]], [1, Math.exp(-1)]);
    assert.equal(weights[1], weights[2]);
  });

  it("inverseVariance gives weights that sum to 1 and a variance below each judge's own", () => {
    const { weights, variance, score } = inverseVariance([1, 2, 3], [1, 2, 4], 1e-6);
    assert.ok(Math.abs(weights.reduce((a, b) => a + b) - 1) < 1e-12);
    assert.ok(variance < 1 && score > 1 && score < 2);
  });

  it("weighByAgreement forgives more disagreement under a greater temperature", () => {
    const [weight] = weighByAgreement([1], [0], 2).weights;
    assert.ok(Math.abs(weight! - Math.exp(-1 / 2)) < 1e-15);
  });

  it("inverseVariance of equal variances is the mean, with variance σ²/J", () => {
    const { score, variance } = inverseVariance([1, 3], [0.5, 0.5], 1e-6);
    assert.deepEqual([score, variance], [2, 0.25]);
  });

  it("refuses what is not finite", () => {
    for (const call of [() => weighByAgreement([Number.NaN], [1], 1), () => inverseVariance([1], [Infinity], 1e-6)]) {
      assert.throws(call, (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE");
    }
  });
});
