import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { median, trimmedMean, trimmedMeanKind } from "../../../src/reward/aggregation/order-statistics.ts";
import { close } from "../../support/vectors.ts";

describe("order statistics", () => {
  it("median gives the reward to the middle, or half to each of the two", () => {
    assert.deepEqual([...median(Float64Array.of(9, 1, 4)).contributions], [0, 0, 4]);
    assert.deepEqual([...median(Float64Array.of(9, 1, 4, 6)).contributions], [0, 0, 2, 3]);
  });

  it("median does not follow a minority, however far it goes", () => {
    assert.equal(median(Float64Array.of(1, 2, 3, 4, 1e9)).reward, 3);
  });

  it("trimmedMean drops whole members, rounded down, at both ends", () => {
    assert.equal(trimmedMean(Float64Array.of(1, 2, 9), 0.2).reward, 4);
    assert.equal(trimmedMean(Float64Array.of(1, 2, 9), 0.34).reward, 2);
    assert.deepEqual([...trimmedMean(Float64Array.of(9, 1, 2, 4), 0.25).weights!], [0, 0, 0.5, 0.5]);
  });

  it("trimmedMean of nothing trimmed is the mean, and of the most the median", () => {
    const scores = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(scores, (list) => {
        const xs = Float64Array.from(list);
        assert.ok(close(trimmedMean(xs, 0).reward, list.reduce((a, b) => a + b, 0) / list.length, 1e-9));
        const most = (Math.ceil(list.length / 2) - 1 + 0.5) / list.length;
        assert.ok(close(trimmedMean(xs, Math.min(most, 0.4999)).reward, median(xs).reward, 1e-9));
      }),
    );
  });

  it("trimmedMean refuses to trim everything", () => {
    assert.equal(trimmedMeanKind.params.safeParse({ trim: 0.5 }).success, false);
    assert.equal(trimmedMeanKind.params.safeParse({}).success, false);
  });
});
