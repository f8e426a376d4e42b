import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lambdaOf, mixedReward, stepMultipliers } from "../../../src/reward/aggregation/lagrangian.ts";
import { close } from "../../support/vectors.ts";

const start = { mu: Float64Array.of(0, 0), velocity: Float64Array.of(0, 0) };
const options = { thresholds: [0.5, 0.5], form: "inequality" as const, learningRate: 0.1, momentum: 0.1, maxGradientNorm: Infinity };

describe("the Lagrangian", () => {
  it("raises the weight of a judge below its threshold and lowers that of one above", () => {
    const lambda = lambdaOf(stepMultipliers(start, [0.2, 0.9], options).mu, "inequality");
    assert.ok(lambda[0]! > 0.5 && lambda[1]! < 0.5);
  });

  it("leaves a judge without a mean where it was, velocity and all", () => {
    const moving = { mu: Float64Array.of(0.3, 0.3), velocity: Float64Array.of(0.2, 0.2) };
    const { mu, velocity } = stepMultipliers(moving, [null, 0.5], options);
    assert.deepEqual([mu[0], velocity[0]], [0.3, 0.2]);
    assert.ok(mu[1]! !== 0.3);
  });

  it("does not change the state that it was given", () => {
    stepMultipliers(start, [1, 1], options);
    assert.deepEqual([...start.mu, ...start.velocity], [0, 0, 0, 0]);
  });

  it("shortens a gradient to the largest norm", () => {
    const { velocity } = stepMultipliers(start, [100, 100], { ...options, maxGradientNorm: 1 });
    assert.ok(close(Math.hypot(...velocity), 1, 1e-12));
  });

  it("bounds weights: (0, 1) for inequalities, (−1, 1) for equalities", () => {
    assert.deepEqual([...lambdaOf(Float64Array.of(-1e3, 1e3), "inequality")], [0, 1]);
    assert.deepEqual([...lambdaOf(Float64Array.of(-1e3, 1e3), "equality")], [-1, 1]);
  });

  it("gives the share of a missing judge to nobody", () => {
    const lambda = Float64Array.of(0.5, 0.25);
    assert.ok(close(mixedReward([1, 1], 2, lambda), 1.25 * 2 + 0.75, 1e-12));
    assert.ok(close(mixedReward([1, null], 2, lambda), 1.25 * 2 + 0.5, 1e-12));
  });
});
