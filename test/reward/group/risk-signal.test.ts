import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { riskQuantiles, riskSignals, trackQuantiles } from "../../../src/reward/group/risk-signal.ts";

const levels = { alpha: 0.2, beta: 0.8, tailWeight: 1.5, epsilon: 1e-6 };

describe("risk signals", () => {
  it("never exceed 0, never fall as the score rises, and stop rising above the upper quantile", () => {
    const scores = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(scores, (xs) => {
        const sorted = xs.toSorted((a, b) => a - b);
        const quantiles = riskQuantiles(sorted, levels);
        const signals = riskSignals(sorted, quantiles, levels) as number[];
        for (const [i, signal] of signals.entries()) {
          assert.ok(signal <= 1e-12 && (i === 0 || signal >= signals[i - 1]! - 1e-12));
          if (sorted[i]! >= quantiles.up) assert.ok(Math.abs(signal) < 1e-12);
        }
      }),
    );
  });

  it("are steeper below the lower quantile than between the two", () => {
    const quantiles = { down: 0, up: 10 };
    const [a, b, c, d] = riskSignals([-2, -1, 5, 6], quantiles, levels) as number[];
    assert.ok(b! - a! > d! - c!);
  });

  it("drop a missing bundle and keep its place", () => {
    assert.deepEqual(riskQuantiles([0, null, 1, 2, 3, 4], { alpha: 0.25, beta: 0.75 }), { down: 1, up: 3 });
    assert.equal(riskSignals([null, 9], { down: 1, up: 3 }, levels)[0], null);
  });

  it("trackQuantiles starts with the first batch and then mixes", () => {
    const first = trackQuantiles(undefined, { down: 1, up: 5 }, 0.1);
    assert.deepEqual(first, { down: 1, up: 5 });
    assert.deepEqual(trackQuantiles(first, { down: 3, up: 9 }, 0.5), { down: 2, up: 7 });
  });
});
