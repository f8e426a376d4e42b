import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import type { GatedObjectives } from "../../src/domain/judge.ts";
import { gatedCoefficients, gatedSum, silencedObjectives, steerGating } from "../../src/reward/gating.ts";
import { sum } from "../../src/reward/numerics.ts";
import { close } from "../support/vectors.ts";

function gatedBy(penalties: readonly number[], verbosityIndex: number): GatedObjectives {
  return { objectives: penalties.map((penalty, k) => ({ name: `o${k}`, penalty })), verbosityIndex };
}

describe("gating", () => {
  it("gatedCoefficients weigh the raw objectives to the same sum", () => {
    const numbers = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 19 });
    fc.assert(
      fc.property(numbers, fc.nat(19), (rewards, at) => {
        const gating = Float64Array.from(rewards, (_, k) => ((k + 2) % 5) / 5);
        const gated = gatedBy(
          rewards.map((_, k) => (k % 4) / 3),
          (at % (rewards.length + 1)) - 1,
        );
        const coefficients = gatedCoefficients(gating, gated);
        const again = sum(coefficients.map((c, k) => c * rewards[k]!));
        assert.ok(close(again, gatedSum(Float64Array.from(rewards), gating, gated).value, 1e-12));
      }),
    );
  });

  it("silencedObjectives names a weighed objective of which the penalties leave nothing", () => {
    assert.deepEqual(silencedObjectives(Float64Array.of(1, 2), gatedBy([0.1, 1], 1)), ["o1"]);
    assert.deepEqual(silencedObjectives(Float64Array.of(1, 0), gatedBy([0.1, 1], 1)), []);
    assert.deepEqual(silencedObjectives(Float64Array.of(1, 2), gatedBy([0.1, 0.9], 1)), []);
    assert.deepEqual(silencedObjectives(Float64Array.of(1, 2), gatedBy([0, 0], -1)), []);
  });

  it("gatedSum without a verbosity objective takes the objectives as they are", () => {
    const result = gatedSum(Float64Array.of(2, 4), Float64Array.of(0.5, 0.5), gatedBy([0.3, 0.3], -1));
    assert.deepEqual([result.value, ...result.adjusted], [3, 2, 4]);
  });

  it("gatedSum's terms sum to its value", () => {
    const numbers = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(numbers, fc.nat(19), (rewards, seed) => {
        const gating = Float64Array.from(rewards, (_, k) => ((k + seed) % 7) / 7);
        const gated = gatedBy(
          rewards.map((_, k) => (k % 3) / 10),
          seed % rewards.length,
        );
        const { value, terms } = gatedSum(Float64Array.from(rewards), gating, gated);
        const total = terms.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(total - value) < 1e-9);
      }),
    );
  });

  it("steerGating keeps the total of the gating for weights that are not negative", () => {
    for (const mode of ["override", "multiply", "blend"] as const) {
      const steered = steerGating(Float64Array.of(0.2, 0.5, 0.1), Float64Array.of(3, 0, 1), { mode, alpha: 0.4 });
      assert.ok(
        close(
          steered.reduce((a, b) => a + b),
          0.8,
          1e-12,
        ),
        mode,
      );
    }
  });

  it("steerGating lets a negative weight penalise an objective", () => {
    const steered = steerGating(Float64Array.of(0.5, 0.5), Float64Array.of(3, -1), { mode: "override", alpha: 1 });
    assert.deepEqual([...steered], [0.75, -0.25]);
  });

  it("steerGating refuses weights that leave nothing", () => {
    const none = Float64Array.of(0, 0);
    const gating = Float64Array.of(1, 0);
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID";
    for (const mode of ["override", "multiply", "blend"] as const) {
      assert.throws(() => steerGating(gating, none, { mode, alpha: 0.5 }), refused, mode);
    }
    const multiply = () => steerGating(gating, Float64Array.of(0, 1), { mode: "multiply", alpha: 1 });
    assert.throws(multiply, { reason: "SCORE_NOT_FINITE" }, "which is this prompt's");
  });
});
