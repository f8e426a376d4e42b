import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { fitPlatt, PLATT_OPTIONS, platt } from "../../../src/reward/calibration/platt.ts";
import { sigmoid, sum } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const options = { ...PLATT_OPTIONS, smoothTargets: false, allowInversion: true, minItems: 2 };
const SCORES = [2, 1, 0.5, -0.5, 3, -1, 0.2, 1.5];
const LABELS = [1, 1, 0, 1, 1, 0, 1, 0];
const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID";

describe("fitPlatt(scores, labels, options)", () => {
  it("moves its intercept, not its slope, when the scores shift, however far", () => {
    const there = fitPlatt(SCORES, LABELS, options);
    fc.assert(
      fc.property(fc.double({ min: -1e4, max: 1e4, noNaN: true }), (by) => {
        const back = fitPlatt(
          SCORES.map((s) => s + by),
          LABELS,
          options,
        );
        assert.ok(close(back.a, there.a, 1e-6));
        assert.ok(close(back.a * by + back.b, there.b, 1e-6));
      }),
    );
  });

  it("gives the share of good items on average, when its targets are the labels", () => {
    const item = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.constantFrom(0, 1));
    fc.assert(
      fc.property(fc.array(item, { minLength: 4, maxLength: 30 }), (items) => {
        const labels = items.map(([, y]) => y);
        fc.pre(new Set(labels).size === 2);
        const scores = items.map(([x]) => x);
        const { a, b, clamped } = fitPlatt(scores, labels, options);
        const p = scores.map((x) => sigmoid(a * x + b));
        // On its bound the intercept alone is fitted, and that holds the mean as well.
        assert.ok(Math.abs(sum(p) - sum(labels)) < 1e-4 * labels.length, `${clamped}`);
      }),
    );
  });

  it("stops at its bound when scores separate the labels, and then splits them", () => {
    const { a, b, clamped } = fitPlatt([-2, -1, 1, 2], [0, 0, 1, 1], options);
    assert.deepEqual([a, clamped], [100, true]);
    assert.ok(Math.abs(b) < 1e-6);
  });

  it("of equal scores gives the share of good items", () => {
    const { a, b, degenerate } = fitPlatt([3, 3, 3, 3], [1, 1, 1, 0], options);
    assert.deepEqual([a, degenerate], [1, true]);
    assert.ok(close(sigmoid(a * 3 + b), 0.75, 1e-9));
  });

  it("tells the mean logarithmic loss that its line has on the items", () => {
    const { a, b, nll } = fitPlatt(SCORES, LABELS, options);
    const losses = SCORES.map((score, i) => -Math.log(LABELS[i] === 1 ? sigmoid(a * score + b) : sigmoid(-a * score - b)));
    assert.ok(close(nll, sum(losses) / losses.length, 1e-9));
  });

  it("refuses one class, other labels, an inversion that is not allowed, and too few items", () => {
    assert.throws(() => fitPlatt([1, 2], [1, 1], options), refused);
    assert.throws(() => fitPlatt([1, 2], [1, 0.5], options), refused);
    assert.throws(() => fitPlatt([2, 1, 0, 3], [0, 0, 1, 1], { ...options, allowInversion: false, minItems: 5 }), refused);
    assert.throws(() => fitPlatt([3, 2, 1, 0], [0, 0, 1, 1], { ...options, allowInversion: false }), refused);
    assert.equal(fitPlatt([3, 2, 1, 0], [0, 0, 1, 1], options).a, -100);
  });
});

describe("platt", () => {
  const spec = { spaceIn: "native", spaceOut: "probability", revision: "r" } as const;

  it("is σ(slope · score + intercept)", () => {
    const { apply } = platt.create({ slope: 2, intercept: -1, allowInversion: false }, spec);
    for (const score of [-3, 0, 0.5, 4]) assert.ok(close(apply(score), sigmoid(2 * score - 1), 1e-15));
  });

  it("gives probabilities that rise with the score", () => {
    const { apply } = platt.create({ slope: 0.5, intercept: -1, allowInversion: false }, spec);
    fc.assert(
      fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.double({ min: 0, max: 1e3, noNaN: true }), (x, more) => {
        assert.ok(apply(x) >= 0 && apply(x) <= 1 && apply(x + more) >= apply(x));
      }),
    );
  });

  it("problems refuse a slope that loses the order, or turns it around unasked", () => {
    const found = (slope: number, allowInversion: boolean) => platt.problems({ slope, intercept: 0, allowInversion }, spec).length;
    assert.deepEqual([found(1, false), found(0, true), found(-1, false), found(-1, true)], [0, 1, 1, 0]);
  });
});
