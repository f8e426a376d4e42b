import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { calibrations } from "../../../src/evaluation/report/calibration.ts";
import { confidenceReliability, negativeLogLikelihood, reliability } from "../../../src/reward/calibration/reliability.ts";
import { sigmoid } from "../../../src/reward/numerics.ts";
import { mixed, scoredByPanel, scoredPair, scorersCalled } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

/** Pairs on which people prefer the side that scores higher with the probability that the margin claims, scaled. */
function pairs(count: number, scale: number) {
  return Array.from({ length: count }, (_, i) => {
    const margin = 6 * mixed(i) - 3;
    const firstIsBetter = mixed(i, 1) < sigmoid(margin);
    return scoredPair(scale * (firstIsBetter ? margin : -margin), 0);
  });
}

describe("calibrations", () => {
  const [honest] = calibrations(scoredByPanel(pairs(4000, 1)));
  const [sure] = calibrations(scoredByPanel(pairs(4000, 3)));

  it("finds a judge that keeps its promise near the error of chance, and one that is too sure far from it", () => {
    assert.ok(honest!.ece < 2 * honest!.floor, `${honest!.ece} against ${honest!.floor}`);
    assert.ok(sure!.ece > 5 * sure!.floor, `${sure!.ece} against ${sure!.floor}`);
    assert.ok(sure!.meanConfidence > honest!.meanConfidence && sure!.nll.value! > honest!.nll.value!);
    assert.ok(honest!.nll.low! < honest!.nll.value! && honest!.nll.value! < honest!.nll.high!);
  });

  it("agrees with the functions that it is made of", () => {
    const p = pairs(4000, 1).map(({ scores }) => sigmoid(scores[0]![0]!));
    const ones = p.map(() => 1);
    assert.ok(close(honest!.nll.value!, negativeLogLikelihood(p, ones, 1e-12), 1e-9));
    assert.ok(close(honest!.brier.value!, reliability(p, ones, 10).brier, 1e-9));
    assert.ok(close(honest!.ece, confidenceReliability(p, ones, 10).ece, 1e-9));
  });

  it("holds every comparison in a bin, with an interval around its accuracy", () => {
    const { bins, n } = honest!;
    assert.equal(
      bins.reduce((total, bin) => total + bin.n, 0),
      n,
    );
    for (const { accuracy, accuracyLow, accuracyHigh } of bins) {
      if (accuracy !== null) assert.ok(accuracyLow! <= accuracy && accuracy <= accuracyHigh!);
    }
  });

  it("takes a tie for half right, whichever side is the better", () => {
    const [{ bins, ece }] = calibrations(scoredByPanel([scoredPair(1, 1), scoredPair(0, 0)])) as [typeof honest & object];
    assert.deepEqual([bins[0]!.n, bins[0]!.accuracy, ece], [2, 0.5, 0]);
  });

  it("is silent on scorers that are not in log-odds, and on objectives", () => {
    const [panel, objective] = scorersCalled("chat", "judge/helpfulness");
    const rows = [
      scoredPair(1, 0, {
        scores: [
          [1, 0],
          [1, 0],
        ],
      }),
    ];
    assert.deepEqual(
      calibrations({
        scorers: [
          { ...panel!, space: "probability" },
          { ...objective!, space: "logit" },
        ],
        rows,
      }),
      [],
    );
  });
});
