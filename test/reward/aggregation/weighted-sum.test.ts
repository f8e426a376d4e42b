import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { weightedSum, weightedSumKind } from "../../../src/reward/aggregation/weighted-sum.ts";
import { centreLogSigmoid } from "../../../src/reward/transforms/log-sigmoid-centred.ts";
import { close, vectors } from "../../support/vectors.ts";

const member = (name: string, weight: number) => ({ name, counts: true, weight, required: true, gated: undefined });

describe("weightedSum", () => {
  for (const { case: name, input, params, expected } of vectors("agg.lsc_sum")) {
    it(`over log-sigmoid centred scores agrees with the worked case: ${name}`, () => {
      const scores = Float64Array.from(input.r, (r, j) => centreLogSigmoid(Float64Array.of(r as number), input.ref[j])[0]!);
      const { reward } = weightedSum(scores, Float64Array.from(params.weights));
      assert.ok(close(reward, expected.sum));
      assert.ok(close(Math.exp(reward), expected.p_all_good));
    });
  }

  it("contributions sum to the reward within 1e-9, in members' order", () => {
    const { reward, contributions } = weightedSum(Float64Array.of(1e9, -1e9, 0.25), Float64Array.of(0.3, 0.3, 0.4));
    assert.ok(Math.abs(contributions.reduce((a, b) => a + b) - reward) < 1e-9);
    assert.equal(contributions[2], 0.1);
  });

  it("does not depend on the order of the members", () => {
    const a = weightedSum(Float64Array.of(0.1, 0.7, -0.3), Float64Array.of(0.2, 0.3, 0.5)).reward;
    const b = weightedSum(Float64Array.of(-0.3, 0.1, 0.7), Float64Array.of(0.5, 0.2, 0.3)).reward;
    assert.ok(close(a, b, 1e-15));
  });

  it("spaceOut stays a probability, a unit score or a rank only when the weights sum to 1", () => {
    for (const space of ["probability", "unit", "rank"] as const) {
      assert.equal(weightedSumKind.spaceOut(space, [member("a", 0.5), member("b", 0.5)]), space);
      assert.equal(weightedSumKind.spaceOut(space, [member("a", 1), member("b", 1)]), "native");
    }
    assert.equal(weightedSumKind.spaceOut("logProbability", [member("a", 1), member("b", 1)]), "logProbability");
  });
});
