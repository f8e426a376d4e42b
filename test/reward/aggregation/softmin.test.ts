import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { softmin } from "../../../src/reward/aggregation/softmin.ts";
import { weightedMean } from "../../../src/reward/aggregation/weighted-mean.ts";
import { close } from "../../support/vectors.ts";

const members = fc.array(fc.tuple(fc.double({ min: -20, max: 20, noNaN: true }), fc.double({ min: 0.1, max: 5, noNaN: true })), {
  minLength: 1,
  maxLength: 8,
});
const temperature = fc.double({ min: 0.01, max: 100, noNaN: true });

describe("softmin", () => {
  it("lies between the least score and the weighted mean, in both forms", () => {
    fc.assert(
      fc.property(members, temperature, fc.constantFrom("logMeanExp" as const, "weighted" as const), (list, temperature, form) => {
        const scores = Float64Array.from(list, ([score]) => score);
        const weights = Float64Array.from(list, ([, weight]) => weight);
        const { reward } = softmin(scores, weights, { temperature, form });
        assert.ok(reward >= Math.min(...scores) - 1e-9);
        assert.ok(reward <= weightedMean(scores, weights).reward + 1e-9);
      }),
    );
  });

  it("tends to the minimum when cold and to the mean when hot", () => {
    const scores = Float64Array.of(1, 2, 6);
    const at = (temperature: number) => softmin(scores, Float64Array.of(1, 1, 1), { temperature, form: "logMeanExp" }).reward;
    assert.ok(close(at(1e-4), 1, 1e-3) && close(at(1e5), 3, 1e-3));
  });

  it("does not overflow where exp of a score over the temperature would", () => {
    for (const form of ["logMeanExp", "weighted"] as const) {
      const { reward } = softmin(Float64Array.of(-1e4, 1e4), Float64Array.of(1, 1), { temperature: 0.1, form });
      assert.ok(Number.isFinite(reward) && close(reward, -1e4, 1e-4));
    }
  });

  it("a member without weight has no share", () => {
    const { reward, weights } = softmin(Float64Array.of(-5, 2), Float64Array.of(0, 1), { temperature: 1, form: "weighted" });
    assert.deepEqual([reward, ...weights!], [2, 0, 1]);
  });
});
