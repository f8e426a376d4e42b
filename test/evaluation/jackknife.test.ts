import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jackknifeInterval, studentQuantile975 } from "../../src/evaluation/jackknife.ts";
import { moments } from "../../src/reward/moments.ts";
import { mixed } from "../support/scored-rows.ts";
import { close } from "../support/vectors.ts";

const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;

describe("jackknifeInterval", () => {
  it("of a mean, each value its own group, is Student's interval", () => {
    const values = Array.from({ length: 12 }, (_, i) => mixed(i));
    const half = (studentQuantile975(11) * moments(values, 1).std) / Math.sqrt(12);
    const interval = jackknifeInterval(values, mean, 50)!;
    assert.ok(close(interval.low, mean(values) - half, 1e-12) && close(interval.high, mean(values) + half, 1e-12));
  });

  it("holds the truth about as often as it says, with clusters whose members are alike", () => {
    let held = 0;
    for (let trial = 0; trial < 400; trial++) {
      const clusters = Array.from({ length: 60 }, (_, c) => {
        const shared = mixed(c, 2 * trial);
        return Array.from({ length: 4 }, (_, k) => shared + 0.1 * mixed(4 * c + k, 2 * trial + 1));
      });
      const { low, high } = jackknifeInterval(clusters, (kept) => mean(kept.flat()), 30)!;
      if (low <= 0.55 && 0.55 <= high) held++;
    }
    assert.ok(held > 400 * 0.92 && held < 400 * 0.98, `${held} of 400`);
  });

  it("says nothing with fewer than five clusters, or where a part of them gives no value", () => {
    assert.equal(jackknifeInterval([1, 2, 3, 4], mean, 30), undefined);
    const lacking = (kept: readonly number[]) => (kept.includes(3) ? mean(kept) : undefined);
    assert.equal(jackknifeInterval([1, 2, 3, 4, 5], lacking, 30), undefined);
  });
});

describe("studentQuantile975", () => {
  // scipy.stats.t.ppf(.975, df)
  for (const [freedom, expected] of [
    [4, 2.7764451051977934],
    [9, 2.262157162798205],
    [19, 2.0930240544083087],
    [29, 2.045229642132703],
  ] as const) {
    it(`agrees with scipy at ${freedom} degrees of freedom`, () => {
      assert.ok(Math.abs(studentQuantile975(freedom) / expected - 1) < 1e-3);
    });
  }
});
