import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { marginDistributions } from "../../../src/evaluation/report/margins.ts";
import { mixed, scoredByPanel, scoredPair } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

describe("marginDistributions", () => {
  const margins = Array.from({ length: 500 }, (_, i) => 4 * mixed(i) - 1.5);
  const [found] = marginDistributions(
    scoredByPanel([...margins.map((margin) => scoredPair(margin, 0)), scoredPair(50, 0), scoredPair(null, 0)]),
  );

  it("has bins that hold every margin, outliers in the outer ones", () => {
    const { bins, n } = found!;
    assert.equal(n, 501);
    assert.equal(
      bins.reduce((total, bin) => total + bin.n, 0),
      501,
    );
    assert.ok(bins.at(-1)!.high < 4, "one outlier does not squeeze all others into one bin");
    assert.ok(close(bins[0]!.low, -bins.at(-1)!.high, 1e-12));
    for (const { low, high, n: inside } of bins.slice(1, -1)) {
      const count = margins.filter((margin) => margin >= low && margin < high).length;
      assert.ok(Math.abs(inside - count) <= 1, `${inside} in [${low}, ${high}), counted ${count}`);
    }
  });

  it("draws the line between wrong and right at the edge of a bin", () => {
    const wrong = found!.bins.filter(({ high }) => high < 1e-9).reduce((total, bin) => total + bin.n, 0);
    assert.equal(wrong, margins.filter((margin) => margin < 0).length);
  });

  it("survives margins that are all equal", () => {
    const [{ bins, std }] = marginDistributions(scoredByPanel([scoredPair(1, 1), scoredPair(0, 0)])) as [typeof found & object];
    assert.deepEqual([bins.reduce((total, bin) => total + bin.n, 0), std], [2, 0]);
  });
});
