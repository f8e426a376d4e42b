import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { kendallTauB, pearson, presentPairs, spearman } from "../../src/evaluation/rank-correlation.ts";
import { close } from "../support/vectors.ts";

const numbers = (length: number) => fc.array(fc.integer({ min: -5, max: 5 }), { minLength: length, maxLength: length });

describe("rank correlation", () => {
  // scipy.stats.pearsonr, spearmanr, kendalltau of ([1,2,2,3,5], [2,1,3,3,9])
  it("agrees with scipy where there are ties", () => {
    const a = [1, 2, 2, 3, 5];
    const b = [2, 1, 3, 3, 9];
    assert.ok(close(pearson(a, b)!, 0.9057152) && close(spearman(a, b)!, 0.7631579) && close(kendallTauB(a, b)!, 0.6666667));
  });

  it("is undefined where a side is constant or there are fewer than two items", () => {
    for (const correlate of [pearson, spearman, kendallTauB]) {
      assert.equal(correlate([1, 2, 3], [0.1, 0.1, 0.1]), undefined);
      assert.equal(correlate([1], [2]), undefined);
    }
  });

  it("does not change under a monotone map of either side, for ranks", () => {
    const a = [0.3, -1, 2, 0.1, 0.1];
    const b = [5, 1, 4, 2, 3];
    const mapped = a.map((x) => Math.exp(x));
    assert.equal(spearman(mapped, b), spearman(a, b));
    assert.equal(kendallTauB(mapped, b), kendallTauB(a, b));
  });

  it("is symmetric, within [−1, 1], and turns its sign when a side is turned around", () => {
    fc.assert(
      fc.property(numbers(8), numbers(8), (a, b) => {
        for (const correlate of [pearson, spearman, kendallTauB]) {
          const value = correlate(a, b);
          if (value === undefined) continue;
          assert.ok(Math.abs(value) <= 1);
          assert.ok(close(correlate(b, a)!, value, 1e-12));
          assert.ok(
            close(
              correlate(
                a.map((x) => -x),
                b,
              )!,
              -value,
              1e-12,
            ),
          );
        }
      }),
    );
  });

  it("pearson of very large numbers neither overflows nor leaves [−1, 1]", () => {
    assert.ok(close(pearson([1e150, 2e150, 4e150], [1e150, 2e150, 4e150])!, 1, 1e-12));
  });

  it("presentPairs drops an item that either side lacks, on both", () => {
    const { a, b } = presentPairs([1, null, 3, 4], [5, 6, null, 8]);
    assert.deepEqual(
      [[...a], [...b]],
      [
        [1, 4],
        [5, 8],
      ],
    );
  });
});
