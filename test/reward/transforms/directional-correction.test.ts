import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { correctDirection, cosineSimilarity } from "../../../src/reward/transforms/directional-correction.ts";
import { close } from "../../support/vectors.ts";

const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }).map((xs) => Float64Array.from(xs));

describe("correctDirection(embedding, correction)", () => {
  it("gives a unit vector, with nothing left along the bias at full strength", () => {
    fc.assert(
      fc.property(vector, vector, (embedding, direction) => {
        fc.pre(direction.some((b) => b !== 0) && embedding.some((e) => e !== 0));
        fc.pre(Math.abs(cosineSimilarity(embedding, direction)) < 0.999);
        const corrected = correctDirection(embedding, { direction, gamma: 1, minShare: 1e-12 });
        assert.ok(close(Math.hypot(...corrected), 1, 1e-12));
        assert.ok(Math.abs(cosineSimilarity(corrected, direction)) < 1e-9);
        const untouched = correctDirection(embedding, { direction, gamma: 0, minShare: 1e-12 });
        assert.ok(close(cosineSimilarity(untouched, embedding), 1, 1e-12));
      }),
    );
  });

  it("cosineSimilarity does not depend on the lengths of either", () => {
    const a = Float64Array.of(3, 4);
    assert.ok(close(cosineSimilarity(a, Float64Array.of(6, 8)), 1, 1e-15));
    assert.ok(close(cosineSimilarity(a, Float64Array.of(0, 2)), 0.8, 1e-15));
    assert.ok(close(cosineSimilarity(a, Float64Array.of(0, -0.5)), -0.8, 1e-15));
  });

  it("refuses an embedding along the bias, also where rounding leaves a trace, and a direction without length", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";
    const direction = Float64Array.of(0.1, 0.2, 0.3);
    for (const embedding of [direction, direction.map((b) => b * 7)]) {
      assert.throws(() => correctDirection(embedding, { direction, gamma: 1, minShare: 1e-12 }), refused);
    }
    assert.throws(() => correctDirection(direction, { direction: Float64Array.of(0, 0, 0), gamma: 1, minShare: 0 }), refused);
  });
});
