import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { weightedMean, weightedMeanKind } from "../../../src/reward/aggregation/weighted-mean.ts";
import { close, vectors } from "../../support/vectors.ts";

describe("weightedMean", () => {
  // What to do about a missing score is the panel's failure policy; here a missing member is simply not among the scores.
  for (const { case: name, input, params, expected } of vectors("agg.weighted_mean").filter(({ expected }) => expected.score !== null)) {
    it(`agrees with the worked case: ${name}`, () => {
      const scores: (number | null)[] = input.scores.map((x: number | null) => (params.missing === "impute" ? (x ?? params.impute) : x));
      const present = scores.flatMap((x, j) => (x === null ? [] : [j]));
      const { reward, contributions } = weightedMean(
        Float64Array.from(present, (j) => scores[j]!),
        Float64Array.from(present, (j) => params.weights[j]),
      );
      assert.ok(close(reward, expected.score));
      assert.ok(
        close(
          contributions.reduce((a, b) => a + b),
          reward,
          1e-12,
        ),
      );
    });
  }

  it("reports the weights that it used", () => {
    assert.deepEqual([...weightedMean(Float64Array.of(1, 1), Float64Array.of(3, 1)).weights!], [0.75, 0.25]);
  });

  it("problems refuse a panel in which every member weighs 0", () => {
    const idle = { name: "a", counts: true, weight: 0, required: true, gated: undefined };
    assert.equal(weightedMeanKind.problems({}, [idle]).length, 1);
    assert.equal(weightedMeanKind.problems({}, [idle, { ...idle, name: "b", weight: 1 }]).length, 0);
  });
});
