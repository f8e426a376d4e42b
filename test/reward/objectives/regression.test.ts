import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { regressObjectives, toNativeScale } from "../../../src/reward/objectives/regression.ts";
import { close } from "../../support/vectors.ts";

const vector = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 3, maxLength: 3 });

describe("regressObjectives(weights, hidden)", () => {
  it("is linear in the hidden state", () => {
    const weights = [Float64Array.of(1, -2, 0.5), Float64Array.of(0, 3, 1)];
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        const of = (h: number[]) => regressObjectives(weights, Float64Array.from(h));
        const both = of(a.map((x, d) => x + b[d]!));
        const [ofA, ofB] = [of(a), of(b)];
        for (const [k, value] of both.entries()) assert.ok(close(value, ofA[k]! + ofB[k]!, 1e-12));
      }),
    );
  });

  it("refuses the whole record when one objective is not finite", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";
    assert.throws(() => regressObjectives([Float64Array.of(1), Float64Array.of(0)], Float64Array.of(Number.NaN)), refused);
  });
});

describe("toNativeScale(objectives, scale)", () => {
  it("does not clamp", () => assert.deepEqual([...toNativeScale(Float64Array.of(-1, 2), { mul: 4, add: 1 })], [-3, 9]));
});
