import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pairsFromRatings } from "../../../src/reward/calibration/from-ratings.ts";

describe("pairsFromRatings(scores, ratings, minGap)", () => {
  it("pairs every two candidates whose ratings are far enough apart, each pair once", () => {
    assert.deepEqual(pairsFromRatings([1, 5, 2], [3, 1, 3], 1), { margins: [-4, 3], labels: [1, 0] });
    assert.deepEqual(pairsFromRatings([1, 5], [3, 2], 1.5), { margins: [], labels: [] });
  });

  it("never pairs equal ratings, and leaves out what is missing", () => {
    assert.deepEqual(pairsFromRatings([1, 2], [3, 3], 0).margins, []);
    assert.deepEqual(pairsFromRatings([1, null, 2, 4], [1, 2, null, 3], 1), { margins: [-3], labels: [0] });
  });
});
