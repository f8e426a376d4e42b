import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lengthBias } from "../../src/evaluation/length-bias.ts";
import { pearson } from "../../src/evaluation/rank-correlation.ts";
import { close } from "../support/vectors.ts";

const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: -5, max: 5, noNaN: true })), {
  minLength: 2,
  maxLength: 30,
});

describe("lengthBias", () => {
  it("leaves residuals with mean 0 and without a linear trace of length", () => {
    fc.assert(
      fc.property(rows, (list) => {
        const lengths = list.map(([length]) => length);
        const { residual } = lengthBias(
          list.map(([, score]) => score),
          lengths,
        );
        assert.ok(Math.abs(residual.reduce((a, b) => a + b, 0)) < 1e-9);
        const spread = Math.max(...residual) - Math.min(...residual);
        if (spread > 1e-6) assert.ok(Math.abs(pearson(residual, lengths) ?? 0) < 1e-6);
      }),
    );
  });

  it("debiases to the mean length and keeps the mean score", () => {
    const { slopePer100, debiased, residual } = lengthBias([1, 2, 3], [100, 200, 300]);
    assert.ok(close(slopePer100, 1, 1e-12));
    for (const score of debiased) assert.ok(close(score, 2, 1e-12));
    for (const rest of residual) assert.ok(close(rest, 0, 1e-12));
  });

  it("says nothing where all lengths are equal, and leaves the scores alone", () => {
    const { slopePer100, debiased, spearman, degenerate } = lengthBias([1, 3], [7, 7]);
    assert.deepEqual([slopePer100, spearman, degenerate, ...debiased], [0, undefined, true, 1, 3]);
  });

  it("leaves out an item without a score or a length", () => {
    assert.equal(lengthBias([1, null, 3], [100, 999, 300]).residual.length, 2);
  });
});
