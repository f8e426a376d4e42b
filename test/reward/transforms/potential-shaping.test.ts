import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sum } from "../../../src/reward/numerics.ts";
import { shapeByPotential } from "../../../src/reward/transforms/potential-shaping.ts";
import { close } from "../../support/vectors.ts";

describe("shapeByPotential(rewards, potentials, gamma)", () => {
  it("changes the discounted return by −Φ[0], whatever the path: no policy gains by it", () => {
    const step = fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: -5, max: 5, noNaN: true }));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), fc.double({ min: 0, max: 1, noNaN: true }), (path, gamma) => {
        const r = Float64Array.from(path, ([reward]) => reward);
        const phi = Float64Array.from(path, ([, potential]) => potential);
        const discounted = (xs: Float64Array) => sum(xs.map((x, t) => gamma ** t * x));
        const { rewards, shaping } = shapeByPotential(r, phi, gamma);
        assert.ok(Math.abs(discounted(rewards) - (discounted(r) - phi[0]!)) < 1e-9);
        assert.ok(rewards.every((x, t) => close(x, r[t]! + shaping[t]!, 1e-12)));
      }),
    );
  });
});
