import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { argMax, argMin, averageRanks } from "../../src/reward/ranks.ts";

describe("ranks", () => {
  it("averageRanks gives equal values the mean of their places", () => {
    assert.deepEqual([...averageRanks([7, 3, 7, 9])], [2.5, 1, 2.5, 4]);
    assert.deepEqual([...averageRanks([])], []);
  });

  it("averageRanks sums to n(n + 1)/2, whatever the ties", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 40 }), (values) => {
        assert.equal(
          averageRanks(values).reduce((a, b) => a + b, 0),
          (values.length * (values.length + 1)) / 2,
        );
      }),
    );
  });

  it("argMax and argMin take the lowest index among equals", () => {
    assert.deepEqual([argMax([1, 3, 3]), argMin([2, 1, 1])], [1, 1]);
    assert.deepEqual([argMax([]), argMin([])], [-1, -1]);
  });
});
