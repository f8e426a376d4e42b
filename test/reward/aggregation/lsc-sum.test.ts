import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lscSum, lscSumKind } from "../../../src/reward/aggregation/lsc-sum.ts";
import { close } from "../../support/vectors.ts";

const of = (...xs: number[]) => Float64Array.from(xs);

describe("lscSum", () => {
  it("is the log-probability that all judges are content when every weight is 1, and no probability otherwise", () => {
    const { sum, pAllGood } = lscSum(of(0, 0), of(0, 0), of(1, 1));
    assert.ok(close(pAllGood!, 0.25, 1e-12) && close(sum, Math.log(0.25), 1e-12));
    assert.equal(lscSum(of(0, 0), of(0, 0), of(1, 0.5)).pAllGood, undefined);
  });

  it("cannot be bought off: any number of good judgements is worth less than one bad one costs", () => {
    const bad = lscSum(of(-10, 50, 50), of(0, 0, 0), of(1, 1, 1)).sum;
    const plain = lscSum(of(0, 0, 0), of(0, 0, 0), of(1, 1, 1)).sum;
    assert.ok(bad < plain);
  });

  it("takes log-probabilities alone, and gives one", () => {
    assert.deepEqual(lscSumKind.accepts, ["logProbability"]);
    const aggregation = lscSumKind.create({}, { members: [], spaceOut: "logProbability", revision: "r" });
    const [aggregate] = aggregation.aggregate([{ members: [0, 1], scores: of(-1, -2), weights: of(1, 2) }]);
    assert.deepEqual([aggregate!.reward, ...aggregate!.contributions], [-5, -1, -4]);
  });
});
