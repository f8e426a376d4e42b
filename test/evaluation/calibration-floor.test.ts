import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { calibrationFloor } from "../../src/evaluation/calibration-floor.ts";

const bin = (n: number, p: number) => ({ low: 0, high: 1, n, meanP: n === 0 ? null : p, meanY: 0 });

describe("calibrationFloor", () => {
  // (scipy.stats.binom.pmf(k, n, p) * abs(k / n - p)).sum()
  for (const [n, p, exact] of [
    [50, 0.5, 0.05613758],
    [200, 0.8, 0.02251827],
    [30, 0.6, 0.07074011],
  ] as const) {
    it(`is the mean distance of a share of ${n} from ${p}, within one part in fifty`, () => {
      assert.ok(Math.abs(calibrationFloor([bin(n, p)]) / exact - 1) < 0.02);
    });
  }

  it("weighs bins by what they hold, and is 0 where none holds anything", () => {
    const [a, b] = [calibrationFloor([bin(30, 0.6)]), calibrationFloor([bin(10, 0.9)])];
    assert.ok(Math.abs(calibrationFloor([bin(30, 0.6), bin(0, 0), bin(10, 0.9)]) - (0.75 * a + 0.25 * b)) < 1e-12);
    assert.equal(calibrationFloor([bin(0, 0)]), 0);
  });
});
