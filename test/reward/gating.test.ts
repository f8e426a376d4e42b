import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import type { GatedObjectives } from "../../src/domain/judge.ts";
import { gatedSum, steerGating } from "../../src/reward/gating.ts";
import { close, vectors } from "../support/vectors.ts";

function gatedBy(penalties: readonly number[], verbosityIndex: number): GatedObjectives {
  return { objectives: penalties.map((penalty, k) => ({ name: `o${k}`, penalty })), verbosityIndex };
}

describe("gating", () => {
  for (const { case: name, input, params, expected } of vectors("armorm.score")) {
    it(`gatedSum agrees with the worked case: ${name}`, () => {
      const gated = gatedBy(input.penalties, params.verbosity_dim);
      const result = gatedSum(Float64Array.from(input.rewards), Float64Array.from(input.gating), gated);
      assert.ok(close(result.value, expected.score));
      for (const [k, value] of result.adjusted.entries()) assert.ok(close(value, expected.adjusted[k]), `adjusted[${k}]`);
    });
  }

  for (const { case: name, input, params, expected } of vectors("armorm.steer")) {
    it(`steerGating under ${name} agrees with the worked case`, () => {
      const steered = steerGating(Float64Array.from(input.gating), Float64Array.from(input.user_weights), {
        mode: params.mode,
        alpha: params.alpha,
      });
      for (const [k, value] of steered.entries()) assert.ok(close(value, expected.gating[k]), `gating[${k}]`);
      const gated = gatedBy(input.penalties, params.verbosity_dim);
      assert.ok(close(gatedSum(Float64Array.from(input.rewards), steered, gated).value, expected.score));
    });
  }

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
    assert.throws(() => steerGating(gating, Float64Array.of(0, 1), { mode: "multiply", alpha: 1 }), refused);
  });
});
