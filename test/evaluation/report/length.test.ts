import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lengthBiases } from "../../../src/evaluation/report/length.ts";
import { mixed, scoredByPanel, scoredPair, scoredRow } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

/** Pairs with lengths of their own, scored by length alone. */
const byLength = Array.from({ length: 210 }, (_, i) => {
  const lengths = [Math.ceil(200 * mixed(i)), Math.ceil(200 * mixed(i, 1))];
  return scoredPair(0.02 * lengths[0]!, 0.02 * lengths[1]!, { lengths });
});

describe("lengthBiases", () => {
  const [found] = lengthBiases(scoredByPanel(byLength));

  it("unmasks a judge of length: right where the longer is better, wrong where the shorter is", () => {
    assert.equal(found!.spearman.value, 1);
    assert.ok(close(found!.slopePer100.value!, 2, 1e-9));
    assert.deepEqual([found!.betterLonger!.accuracy, found!.betterShorter!.accuracy], [1, 0]);
    const longer = byLength.filter(({ lengths }) => lengths[0]! > lengths[1]!).length;
    assert.equal(found!.betterLonger!.n, longer);
  });

  it("shows it rising from much shorter to much longer, in bins of about equal numbers", () => {
    const { byDifference } = found!;
    assert.equal(byDifference.length, 7);
    assert.equal(
      byDifference.reduce((total, bin) => total + bin.n, 0),
      210,
    );
    for (const [i, bin] of byDifference.entries()) {
      assert.ok(bin.n >= 20 && bin.n <= 40, String(bin.n));
      assert.ok(bin.from <= bin.median && bin.median <= bin.to && bin.from > (byDifference[i - 1]?.to ?? -Infinity));
    }
    assert.deepEqual([byDifference[0]!.accuracy, byDifference.at(-1)!.accuracy], [0, 1]);
  });

  it("has no slope where all lengths are equal, and needs no comparisons", () => {
    const rated = [1, 2, 3].map((score) => scoredRow({ type: "rated", ratings: { fluency: score } }, [score], { lengths: [7] }));
    const [same] = lengthBiases(scoredByPanel(rated));
    assert.deepEqual([same!.n, same!.slopePer100.value, same!.spearman.value, same!.betterLonger], [3, null, null, null]);
    assert.deepEqual(same!.byDifference, []);
  });
});
