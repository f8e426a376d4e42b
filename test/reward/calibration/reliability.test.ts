import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { adaptiveEce, confidenceReliability, negativeLogLikelihood, reliability } from "../../../src/reward/calibration/reliability.ts";
import { sum } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const item = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, 1));
const items = fc.array(item, { minLength: 1, maxLength: 40 });

describe("calibration error", () => {
  it("is within [0, 1], its bins hold every item once, and it does not depend on the order of the items", () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 12 }), (list, bins) => {
        const p = list.map(([x]) => x / 20);
        const y = list.map(([, label]) => label);
        const found = reliability(p, y, bins);
        assert.equal(sum(found.bins.map(({ n }) => n)), list.length);
        assert.ok(found.ece >= 0 && found.ece <= found.mce + 1e-12 && found.mce <= 1);
        const turned = reliability(p.toReversed(), y.toReversed(), bins);
        assert.ok(close(turned.ece, found.ece, 1e-12));
        for (const error of [adaptiveEce(p, y, bins), confidenceReliability(p, y, bins).ece]) assert.ok(error >= 0 && error <= 1);
      }),
    );
  });

  it("splits the Brier score exactly where predictions are constant within bins", () => {
    fc.assert(
      fc.property(items, (list) => {
        // One bin per value: (x + ½)/21 lies in bin x of 21.
        const p = list.map(([x]) => (x + 0.5) / 21);
        const y = list.map(([, label]) => label);
        const { brier, brierReliability, brierResolution, brierUncertainty } = reliability(p, y, 21);
        assert.ok(close(brierReliability - brierResolution + brierUncertainty, brier, 1e-12));
      }),
    );
  });

  it("adaptiveEce in one bin is the difference of the means", () => {
    assert.ok(close(adaptiveEce([0.1, 0.9, 0.8], [0, 1, 1], 1), Math.abs(1.8 - 2) / 3, 1e-12));
  });

  it("confidenceReliability is the same when the sides of pairs change places, away from a tie", () => {
    const there = confidenceReliability([0.9, 0.2, 0.7], [1, 0, 0], 5);
    const back = confidenceReliability([0.1, 0.8, 0.3], [0, 1, 1], 5);
    assert.ok(close(back.ece, there.ece, 1e-12) && back.accuracy === there.accuracy);
  });

  it("negativeLogLikelihood is capped where a certain prediction is wrong", () => {
    for (const [p, y] of [
      [1, 0],
      [0, 1],
    ] as const) {
      assert.ok(close(negativeLogLikelihood([p], [y], 1e-12), -Math.log(1e-12), 1e-12));
      assert.ok(close(negativeLogLikelihood([1 - p], [y], 1e-12), 0, 1e-11));
    }
  });
});
