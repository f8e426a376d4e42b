import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { averageRanks, spearman } from "../../src/evaluation/rank-correlation.ts";
import { close, vectors } from "../support/vectors.ts";

describe("spearman", () => {
  for (const { case: name, input, expected } of vectors("ev.rank_correlation")) {
    it(`agrees with the worked case: ${name}`, () => {
      const value = spearman(input.a, input.b);
      if (expected.spearman === null) assert.equal(value, undefined);
      else assert.ok(close(value!, expected.spearman));
    });
  }

  it("does not change under a monotone map of either side", () => {
    const a = [0.3, -1, 2, 0.1, 0.1];
    const b = [5, 1, 4, 2, 3];
    assert.equal(
      spearman(
        a.map((x) => Math.exp(x)),
        b,
      ),
      spearman(a, b),
    );
  });

  it("averageRanks gives equal values the mean of their places", () => {
    assert.deepEqual([...averageRanks([7, 3, 7, 9])], [2.5, 1, 2.5, 4]);
  });
});
