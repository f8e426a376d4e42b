import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { interpolate } from "../../../src/reward/calibration/isotonic.ts";
import { fitIsotonicPairs, ISOTONIC_PAIRS_OPTIONS, type ScoredPair } from "../../../src/reward/calibration/isotonic-pairs.ts";
import { fitTemperature } from "../../../src/reward/calibration/temperature.ts";
import { quantile, sigmoid } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const FIRST = [0.1, 1.3, 2.2, -0.7, 0.4, 3.1, -1.2, 0.9, 1.8, -0.3, 2.6, 0];
const SECOND = [1, 0.2, 1.5, 0.6, -0.5, 1.9, 0.3, 2.4, -0.9, 1.1, 0.7, -1.4];
const LABELS = [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1];
const PAIRS = FIRST.map((first, i) => ({ first, second: SECOND[i]!, label: LABELS[i]! }));
const SMALL = { pieces: 3, ridge: 0.01, minPairs: 1 };

describe("fitIsotonicPairs(pairs, options)", () => {
  it("finds the optimum that a general bounded optimiser finds", () => {
    // scipy 1.x, minimize(mean log loss + ridge/2·Σ d², bounds d ≥ 0, method="L-BFGS-B", gtol=1e-12) over heights d of ramps
    // between numpy.quantile(scores, [0, 1/3, 2/3, 1]); y is the running sum of d, less its value at the median score.
    const { x, y } = fitIsotonicPairs(PAIRS, SMALL);
    for (const [k, expected] of [-1.4, 0.1666667, 1.1666667, 3.1].entries()) assert.ok(close(x[k]!, expected, 1e-6));
    for (const [k, expected] of [-0.3052122, -0.3052122, 0.3262613, 2.3586833].entries())
      assert.ok(close(y[k]!, expected, 1e-4), `y[${k}] = ${y[k]}`);
  });

  it("gives knots that rise, values that never fall, and 0 at the median score", () => {
    const score = fc.double({ min: -5, max: 5, noNaN: true });
    const pair = fc.record({ first: score, second: score, label: fc.constantFrom(0, 1) });
    fc.assert(
      fc.property(fc.array(pair, { minLength: 5, maxLength: 40 }), (pairs) => {
        fc.pre(new Set(pairs.flatMap(({ first, second }) => [first, second])).size > 2);
        const knots = fitIsotonicPairs(pairs, SMALL);
        for (let k = 1; k < knots.x.length; k++) assert.ok(knots.x[k]! > knots.x[k - 1]! && knots.y[k]! >= knots.y[k - 1]!);
        // The library's own quantile: among subnormal scores two ways to take a middle are a whole knot apart.
        const middle = quantile(
          pairs.flatMap(({ first, second }) => [first, second]),
          0.5,
        );
        assert.ok(Math.abs(interpolate(knots, middle)) < 1e-9);
      }),
    );
  });

  it("does not depend on which side of a pair comes first", () => {
    const turned = PAIRS.map(({ first, second, label }) => ({ first: second, second: first, label: 1 - label }));
    const [a, b] = [fitIsotonicPairs(PAIRS, SMALL), fitIsotonicPairs(turned, SMALL)];
    for (const [k, value] of a.y.entries()) assert.ok(close(value, b.y[k]!, 1e-6));
  });

  it("recovers a bent map where a temperature cannot", () => {
    const bent = (score: number) => (score < 0 ? 3 * score : 0.2 * score);
    const grid = Array.from({ length: 41 }, (_, i) => -2 + i / 10);
    const pairs: ScoredPair[] = grid.flatMap((first) =>
      grid.map((second) => ({ first, second, label: sigmoid(bent(first) - bent(second)) })),
    );
    const knots = fitIsotonicPairs(pairs, { ...ISOTONIC_PAIRS_OPTIONS, ridge: 0 });
    const rise = interpolate(knots, 2) - interpolate(knots, 0);
    const fall = interpolate(knots, 0) - interpolate(knots, -2);
    assert.ok(Math.abs(rise - 0.4) < 0.05 && Math.abs(fall - 6) < 0.3, `${rise} and ${fall}`);
    const line = fitTemperature(
      pairs.map(({ first, second }) => first - second),
      pairs.map(({ label }) => label),
      { aMin: 1e-6, aMax: 100, minPairs: 1 },
    );
    assert.ok(Math.abs(2 * line.a - 0.4) > 1);
  });

  it("ends on a judge that never errs, and refuses one without an opinion and too few pairs", () => {
    const perfect = PAIRS.map(({ first, second }) => ({ first, second, label: first > second ? 1 : 0 }));
    assert.ok(fitIsotonicPairs(perfect, SMALL).y.every(Number.isFinite));
    assert.throws(() => fitIsotonicPairs([{ first: 1, second: 1, label: 1 }], SMALL), /REQUEST_INVALID|every score is the same/);
    assert.throws(() => fitIsotonicPairs(PAIRS, ISOTONIC_PAIRS_OPTIONS), /12 labelled pairs are too few to fit on: label at least 200/);
  });
});
