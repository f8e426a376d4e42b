import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type CgpoOptions, cgpo } from "../../../src/reward/constraints/cgpo.ts";
import { close } from "../../support/vectors.ts";

const options: CgpoOptions = { klMax: 10, missingEosPenalty: 0 };

describe("cgpo", () => {
  it("never lets a violating candidate win where rewards are negative", () => {
    const outputs = cgpo({ rewards: [-1, -5], baseline: 0, verdicts: [0, 1], kl: [0, 0] }, options);
    assert.equal(outputs.crraftBest, 1);
    assert.deepEqual(outputs.codpo, { chosen: 1, rejected: 0 });
    assert.deepEqual([outputs.positive, outputs.negative], [[1], [0]]);
  });

  it("takes a verdict that could not be told for one that is not satisfied", () => {
    assert.deepEqual(cgpo({ rewards: [1], baseline: 0, verdicts: [-1], kl: [0] }, options).positive, []);
  });

  it("pays nothing beyond the largest divergence, and CRRAFT drops the candidate", () => {
    const { crpg, crraft, crraftBest } = cgpo({ rewards: [5, 0], baseline: 0, verdicts: [1, 1], kl: [11, 5] }, options);
    assert.deepEqual([crpg[0], crraft[0], crraftBest], [0, 0, 1]);
    assert.ok(close(crpg[1]!, 0.25, 1e-12));
  });

  it("falls back to the baseline with weight ½ only when no candidate qualifies and the baseline does", () => {
    const group = { rewards: [5], baseline: 0, verdicts: [0 as const], kl: [0] };
    assert.equal(cgpo({ ...group, baselineVerdict: 1 }, options).baselineWeight, 0.5);
    assert.equal(cgpo({ ...group, baselineVerdict: 0 }, options).baselineWeight, 0);
    assert.equal(cgpo(group, options).baselineWeight, 0);
    assert.equal(cgpo({ ...group, verdicts: [1], baselineVerdict: 1 }, options).baselineWeight, 0);
  });

  it("pairs with the lowest of all when none violates, and makes no pair of a candidate with itself", () => {
    assert.deepEqual(cgpo({ rewards: [1, 3, 2], baseline: 0, verdicts: [1, 1, 1], kl: [0, 0, 0] }, options).codpo, {
      chosen: 1,
      rejected: 0,
    });
    assert.equal(cgpo({ rewards: [1], baseline: 0, verdicts: [1], kl: [0] }, options).codpo, undefined);
    assert.equal(cgpo({ rewards: [2, 2], baseline: 0, verdicts: [1, 1], kl: [0, 0] }, options).codpo, undefined);
  });

  it("centres equal rewards to 0", () => {
    const { crpgCentred } = cgpo({ rewards: [2, 2], baseline: 0, verdicts: [1, 1], kl: [0, 0] }, options);
    assert.deepEqual([...crpgCentred], [0, 0]);
  });

  it("takes the penalty off a reward that was cut short, before it is calibrated", () => {
    const group = { rewards: [3], baseline: 0, verdicts: [1 as const], kl: [0], truncated: [true] };
    assert.ok(close(cgpo(group, { klMax: 10, missingEosPenalty: 3 }).calibrated[0]!, 0.5, 1e-12));
  });

  it("refuses a reward that is not finite", () => {
    assert.throws(
      () => cgpo({ rewards: [Number.NaN], baseline: 0, verdicts: [1], kl: [0] }, options),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
