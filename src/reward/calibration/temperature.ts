import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { sum } from "../numerics.ts";
import { labelledItems, logLossSlope, meanLogLoss, requireShares } from "./labelled.ts";

/** Within what a temperature is looked for. */
export interface TemperatureSearch {
  /** Least slope a = 1/T, > 0: a judge that is worse than chance ends here. */
  readonly aMin: number;
  /** Greatest slope: a judge that never errs ends here. */
  readonly aMax: number;
  /** Fewest pairs to fit on. */
  readonly minPairs: number;
}

/** Usual bounds of the search. */
export const TEMPERATURE_SEARCH: TemperatureSearch = { aMin: 1e-6, aMax: 100, minPairs: 20 };

export interface FittedTemperature {
  /** Slope: P(chosen beats rejected) = σ(a · margin). */
  readonly a: number;
  /** 1 / a. */
  readonly temperature: number;
  /** Mean negative log-likelihood at a, and at 1, nats. */
  readonly nll: number;
  readonly nllUncalibrated: number;
  /** The likelihood rises beyond the bounds of the search. */
  readonly clamped: boolean;
  /** It rises towards 0: the judge is worse than chance. */
  readonly anticorrelated: boolean;
  /** Every margin is 0, so nothing can be fitted; a is 1. */
  readonly degenerate: boolean;
  readonly pairs: number;
  readonly dropped: number;
}

/**
 * Temperature of a Bradley–Terry judge: the a that maximises the likelihood of labels under p = σ(a · m). The negative
 * log-likelihood is convex in a; the root of Σ m · (σ(a·m) − y) is found by bisection on the logarithm of a.
 *
 * Fit on both orders, or on randomly signed margins, when the judge takes ordered input: it may have a bias of position.
 *
 * @param margins r(first) − r(second) of pairs, logits, shape [n]; null is dropped
 * @param labels  probability that the first is better, in [0, 1], shape [n]; ½ is a tie; null is dropped
 * @param search  bounds of a and the fewest pairs
 * @throws {GatewayError} REQUEST_INVALID on fewer than minPairs pairs or a label outside [0, 1], SCORE_NOT_FINITE
 * @complexity O(n) per step, at most 400 steps, pure
 * @see Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599
 * @example fitTemperature([1, 1, 1, 1], [1, 1, 1, 0], { aMin: 1e-6, aMax: 100, minPairs: 1 }).a // → 1.0986122886681098
 */
export function fitTemperature(margins: readonly Optional[], labels: readonly Optional[], search: TemperatureSearch): FittedTemperature {
  const { x, y, dropped } = labelledItems(margins, labels, search.minPairs);
  requireShares(y);
  const degenerate = x.every((margin) => margin === 0);
  const slopeAt = (a: number) => sum(x.map((margin, i) => margin * logLossSlope(a * margin, y[i]!)));
  const anticorrelated = !degenerate && slopeAt(search.aMin) >= 0;
  const separable = !degenerate && slopeAt(search.aMax) <= 0;
  const a = degenerate ? 1 : anticorrelated ? search.aMin : separable ? search.aMax : bisect(slopeAt, search.aMin, search.aMax);
  const nllAt = (slope: number) =>
    meanLogLoss(
      x.map((margin) => slope * margin),
      y,
    );
  return {
    a,
    temperature: 1 / a,
    nll: nllAt(a),
    nllUncalibrated: nllAt(1),
    clamped: anticorrelated || separable,
    anticorrelated,
    degenerate,
    pairs: x.length,
    dropped,
  };
}

/** Where a rising function crosses 0 between two positive numbers; geometric, since a slope may span many magnitudes. */
function bisect(rising: (a: number) => number, low: number, high: number): number {
  let [below, above] = [low, high];
  for (let step = 0; step < 400; step++) {
    const middle = Math.sqrt(below) * Math.sqrt(above);
    if (middle <= below || middle >= above) break;
    if (rising(middle) < 0) below = middle;
    else above = middle;
  }
  return Math.sqrt(below) * Math.sqrt(above);
}

const params = z
  .strictObject({ temperature: z.number().positive().describe("T: logits are divided by it. Above 1 it takes confidence away.") })
  .describe("raw / T, for judges whose score differences are log-odds. Fitted on preference pairs.");

/** Temperature calibration of a Bradley–Terry judge. It stays a logit: only differences within a prompt are identified. */
export const temperature: CalibrationKind<typeof params> = {
  method: "temperature",
  params,
  accepts: ["logit"],
  gives: ["logit"],
  spaceOut: () => "logit",
  problems: () => [],
  create: ({ temperature }, spec) => ({ method: "temperature", ...spec, apply: (score) => score / temperature }),
};
