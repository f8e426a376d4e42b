import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { geometricMean, geometricMeanKind } from "../../../src/reward/aggregation/geometric-mean.ts";
import { weightedMean } from "../../../src/reward/aggregation/weighted-mean.ts";
import { close } from "../../support/vectors.ts";

describe("geometricMean", () => {
  it("is at most the arithmetic mean of the same weights", () => {
    const scores = Float64Array.of(0.9, 0.4, 0.6);
    const weights = Float64Array.of(2, 1, 1);
    assert.ok(geometricMean(scores, weights, 1e-6).reward < weightedMean(scores, weights).reward);
    assert.ok(close(geometricMean(Float64Array.of(0.4, 0.4), Float64Array.of(3, 1), 1e-6).reward, 0.4, 1e-12));
  });

  it("gives each member its weight's share of the reward, so that contributions sum to it", () => {
    const { reward, contributions, weights } = geometricMean(Float64Array.of(0.25, 1), Float64Array.of(3, 1), 1e-6);
    assert.ok(close(reward, 0.25 ** 0.75, 1e-12));
    assert.deepEqual([...weights!], [0.75, 0.25]);
    assert.deepEqual([...contributions], [0.75 * reward, 0.25 * reward]);
  });

  it("takes a score at or below 0 for the floor", () => {
    assert.ok(close(geometricMean(Float64Array.of(0), Float64Array.of(1), 0.01).reward, 0.01, 1e-12));
    assert.ok(close(geometricMean(Float64Array.of(-3), Float64Array.of(1), 0.01).reward, 0.01, 1e-12));
  });

  it("takes probabilities and unit scores and gives a unit score", () => {
    assert.deepEqual(geometricMeanKind.accepts, ["probability", "unit"]);
    assert.equal(geometricMeanKind.spaceOut("probability", []), "unit");
  });
});
