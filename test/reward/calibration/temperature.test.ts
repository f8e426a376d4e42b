import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { fitTemperature, TEMPERATURE_SEARCH, temperature } from "../../../src/reward/calibration/temperature.ts";
import { sigmoid, sum } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const search = { ...TEMPERATURE_SEARCH, minPairs: 1 };
const pair = fc.tuple(fc.double({ min: -6, max: 6, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1));

describe("fitTemperature(margins, labels, search)", () => {
  it("finds the slope that made the labels", () => {
    const margins = Array.from({ length: 50 }, (_, i) => (i - 20) / 7);
    const labels = margins.map((m) => sigmoid(0.4 * m));
    assert.ok(close(fitTemperature(margins, labels, search).a, 0.4, 1e-9));
  });

  it("leaves no better slope nearby and never does worse than no calibration", () => {
    fc.assert(
      fc.property(fc.array(pair, { minLength: 2, maxLength: 25 }), (pairs) => {
        const margins = pairs.map(([m]) => m);
        const labels = pairs.map(([, y]) => y);
        const { a, nll, nllUncalibrated, clamped, degenerate } = fitTemperature(margins, labels, search);
        assert.ok(nll <= nllUncalibrated + 1e-9);
        assert.ok(a >= search.aMin && a <= search.aMax);
        if (clamped || degenerate) return;
        const gradient = sum(margins.map((m, i) => m * (sigmoid(a * m) - labels[i]!)));
        assert.ok(Math.abs(gradient) < 1e-6 * margins.length);
      }),
    );
  });

  it("does not change when the sides of a pair change places", () => {
    const margins = [2, 1, 0.5, -0.5, 3];
    const labels = [1, 1, 0, 1, 1];
    const turned = margins.map((m, i) => (i % 2 === 0 ? -m : m));
    const there = fitTemperature(margins, labels, search).a;
    const back = fitTemperature(
      turned,
      labels.map((y, i) => (i % 2 === 0 ? 1 - y : y)),
      search,
    ).a;
    assert.ok(close(back, there, 1e-12));
  });

  it("scales with the margins: twice the margins, half the slope", () => {
    const labels = [1, 1, 0, 1, 1];
    const once = fitTemperature([2, 1, 0.5, -0.5, 3], labels, search).a;
    assert.ok(close(fitTemperature([4, 2, 1, -1, 6], labels, search).a, once / 2, 1e-9));
  });

  it("stops at its bounds and says at which", () => {
    const never = fitTemperature([1, 2, 3], [1, 1, 1], search);
    assert.deepEqual([never.a, never.clamped, never.anticorrelated], [100, true, false]);
    const always = fitTemperature([1, 2, 3], [0, 0, 0], search);
    assert.deepEqual([always.a, always.clamped, always.anticorrelated], [1e-6, true, true]);
    const equal = fitTemperature([0, 0], [1, 0], search);
    assert.deepEqual([equal.a, equal.degenerate, equal.clamped], [1, true, false]);
  });

  it("drops and counts missing pairs, and refuses too few, labels that are no probability, and what is not finite", () => {
    assert.equal(fitTemperature([1, null, 2], [1, 1, null], search).dropped, 2);
    const reason = (expected: string) => (error: unknown) => error instanceof GatewayError && error.reason === expected;
    assert.throws(() => fitTemperature([1, 2], [1, 0], TEMPERATURE_SEARCH), reason("REQUEST_INVALID"));
    assert.throws(() => fitTemperature([1], [1.5], search), reason("REQUEST_INVALID"));
    assert.throws(() => fitTemperature([Number.NaN], [1], search), reason("SCORE_NOT_FINITE"));
  });
});

describe("temperature", () => {
  it("divides logits, keeps their space and takes nothing else", () => {
    const spec = { spaceIn: "logit", spaceOut: "logit", revision: "r" } as const;
    assert.equal(temperature.create({ temperature: 4 }, spec).apply(-2), -0.5);
    assert.deepEqual([temperature.accepts, temperature.gives], [["logit"], ["logit"]]);
    assert.equal(temperature.params.safeParse({ temperature: 0 }).success, false);
  });
});
