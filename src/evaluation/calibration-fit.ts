import { GatewayError } from "../domain/errors.ts";
import type { Calibration } from "../domain/reward.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { fitAffine } from "../reward/calibration/affine.ts";
import { quantileGrid } from "../reward/calibration/empirical-cdf.ts";
import { bothOrders, fitIsotonic, type Knots } from "../reward/calibration/isotonic.ts";
import { fitIsotonicPairs, ISOTONIC_PAIRS_OPTIONS } from "../reward/calibration/isotonic-pairs.ts";
import { fitPlatt, PLATT_OPTIONS } from "../reward/calibration/platt.ts";
import { fitTemperature, TEMPERATURE_SEARCH } from "../reward/calibration/temperature.ts";
import { CALIBRATION_KINDS } from "../reward/index.ts";
import { quantile } from "../reward/numerics.ts";
import { type LabelledPrompt, pairsWithin, ratingsOf } from "./labelled-prompts.ts";

/** What labels say, and so what a calibration aims at. */
export type CalibrationTarget =
  /** Which candidate of a prompt is better: differences become log-odds. */
  | { readonly labels: "pairs"; readonly minGap: number }
  /** Whether a candidate is good, which it is from this rating on: scores become its probability. */
  | { readonly labels: "good"; readonly goodFrom: number }
  /** How good a candidate is: scores become ratings. */
  | { readonly labels: "ratings" };

/** What a fit is made from, besides the labelled prompts. */
export interface FitOptions {
  readonly method: string;
  readonly target: CalibrationTarget;
  /** Space of the raw scores. */
  readonly spaceIn: ScoreSpace;
  /** Space of the scores that a quantile map leads to. */
  readonly ontoSpace?: ScoreSpace;
  /** Decides which side of a pair comes first. */
  readonly seed: number;
}

/** A calibration as a calibration file states it. */
export interface FittedCalibration {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  readonly n: number;
  /** What n counts. */
  readonly unit: "pairs" | "candidates";
  /** What a reader should know of the fit. */
  readonly notes: readonly string[];
}

type Fit = Omit<FittedCalibration, "method" | "spaceIn" | "notes"> & { readonly notes?: readonly string[] };
type Fitter = (prompts: readonly LabelledPrompt[], options: FitOptions) => Fit;

/** Fewest reference scores that a distribution is taken from, and fewest ratings for a straight line. */
const LEAST_SCORES = 20;
/** Fewest labels for an isotonic map, which follows the noise of fewer. */
const LEAST_ISOTONIC = 200;
/** Pairs for each piece of an isotonic map of pairs. */
const PAIRS_A_PIECE = 100;

/** The methods by what their labels must say. A method that needs none is listed for all. */
const FITTERS: Readonly<Record<CalibrationTarget["labels"], Readonly<Record<string, Fitter>>>> = (() => {
  const free = { cdf: toReference, normalScore: toReference, zscore: toReference, quantileMap: toQuantileMap };
  return {
    pairs: { temperature: temperatureOfPairs, affine: lineOfPairs, platt: plattOfPairs, isotonic: isotonicOfPairs, ...free },
    good: { platt: plattOfGood, isotonic: isotonicOfGood, ...free },
    ratings: { affine: lineOfRatings, isotonic: isotonicOfRatings, ...free },
  };
})();

/** Methods that can be fitted to labels of this kind. */
export function methodsFor(labels: CalibrationTarget["labels"]): string[] {
  return Object.keys(FITTERS[labels]);
}

/**
 * Fits a calibration on labelled scores of one judge.
 *
 * Of pairs only differences within a prompt are known. Where a method needs a level as well, the median score of the data gets
 * the middle: log-odds 0 (`affine`, `isotonic`), or the probability ½ of beating a median candidate (`platt`).
 *
 * @param prompts those to fit on, never those to measure on
 * @throws {GatewayError} REQUEST_INVALID when there is too little data, when the labels do not suit the method, or when scores
 *   fall as labels rise or do not move with them
 * @complexity that of the method's fit, pure
 */
export function fitCalibration(prompts: readonly LabelledPrompt[], options: FitOptions): FittedCalibration {
  const { method, target, spaceIn } = options;
  const fitter = FITTERS[target.labels][method];
  if (fitter === undefined) {
    const known = methodsFor(target.labels).join(", ");
    throw new GatewayError("REQUEST_INVALID", `${method} cannot be fitted to ${target.labels}; these can: ${known}`);
  }
  const kind = CALIBRATION_KINDS.find((each) => each.method === method)!;
  if (kind.accepts !== "any" && !kind.accepts.includes(spaceIn)) {
    const why = `${method} takes ${kind.accepts.join(" or ")} and the judge gives ${spaceIn}`;
    throw new GatewayError("REQUEST_INVALID", `${why}: use another method, for example isotonic`);
  }
  const { notes = [], ...fit } = fitter(prompts, options);
  const params = kind.params.parse(fit.params);
  const [problem] = kind.problems(params, { spaceIn, spaceOut: fit.spaceOut, revision: "" });
  if (problem !== undefined) throw new GatewayError("REQUEST_INVALID", `${method}: ${problem.cause}; ${problem.remedy}`);
  return { ...fit, method, params, spaceIn, notes };
}

/**
 * The fitted map as panels apply it.
 *
 * @complexity O(1), pure
 */
export function toCalibration({ method, params, spaceIn, spaceOut }: FittedCalibration): Calibration {
  const kind = CALIBRATION_KINDS.find((each) => each.method === method)!;
  return kind.create(kind.params.parse(params), { spaceIn, spaceOut, revision: "" });
}

function temperatureOfPairs(prompts: readonly LabelledPrompt[], { target, seed }: FitOptions) {
  const { a, pairs, notes } = slopeOfPairs(prompts, target, seed);
  return { params: { temperature: 1 / a }, spaceOut: "logit" as const, n: pairs, unit: "pairs" as const, notes };
}

function lineOfPairs(prompts: readonly LabelledPrompt[], { target, seed }: FitOptions) {
  const { a, pairs, notes } = slopeOfPairs(prompts, target, seed);
  return { params: { slope: a, intercept: 0 - a * median(prompts) }, spaceOut: "logit" as const, n: pairs, unit: "pairs" as const, notes };
}

/** The slope of a straight line of log-odds over margins. */
function slopeOfPairs(prompts: readonly LabelledPrompt[], target: CalibrationTarget, seed: number) {
  const pairs = pairsWithin(prompts, minGapOf(target), seed);
  const fitted = fitTemperature(
    pairs.map(({ first, second }) => first - second),
    pairs.map(({ label }) => label),
    TEMPERATURE_SEARCH,
  );
  if (fitted.anticorrelated) {
    throw new GatewayError("REQUEST_INVALID", "scores fall as labels rise: no positive temperature helps; check which side is preferred");
  }
  if (fitted.degenerate) throw sameWithinPairs();
  const never = `the judge errs on none of the pairs, so the slope ends at the greatest that is looked for, ${TEMPERATURE_SEARCH.aMax}`;
  return { ...fitted, notes: fitted.clamped ? [never] : [] };
}

function plattOfPairs(prompts: readonly LabelledPrompt[], { target, seed }: FitOptions) {
  const pairs = pairsWithin(prompts, minGapOf(target), seed);
  atLeast(pairs.length, PLATT_OPTIONS.minItems, "pairs");
  const both = bothOrders(
    pairs.map(({ first, second }) => first - second),
    pairs.map(({ label }) => label),
  );
  const { a, degenerate } = fitPlatt(both.margins, both.labels, PLATT_OPTIONS);
  if (degenerate) throw sameWithinPairs();
  return {
    params: { slope: a, intercept: 0 - a * median(prompts) },
    spaceOut: "probability" as const,
    n: pairs.length,
    unit: "pairs" as const,
  };
}

function isotonicOfPairs(prompts: readonly LabelledPrompt[], { target, seed }: FitOptions) {
  const pairs = pairsWithin(prompts, minGapOf(target), seed);
  const pieces = Math.min(ISOTONIC_PAIRS_OPTIONS.pieces, Math.floor(pairs.length / PAIRS_A_PIECE));
  const knots = fitIsotonicPairs(pairs, { ...ISOTONIC_PAIRS_OPTIONS, pieces, minPairs: LEAST_ISOTONIC });
  return { params: toParams(knots), spaceOut: "logit" as const, n: pairs.length, unit: "pairs" as const, notes: flatNote(knots) };
}

function plattOfGood(prompts: readonly LabelledPrompt[], { target }: FitOptions) {
  const { scores, labels } = goodOf(prompts, target);
  const { a, b, clamped, degenerate } = fitPlatt(scores, labels, PLATT_OPTIONS);
  if (degenerate) throw new GatewayError("REQUEST_INVALID", "every candidate scores the same: there is nothing to calibrate");
  const notes = clamped ? [`the scores part good from bad without an error, so the slope ends at ${PLATT_OPTIONS.aMax}`] : [];
  return { params: { slope: a, intercept: b }, spaceOut: "probability" as const, n: scores.length, unit: "candidates" as const, notes };
}

function isotonicOfGood(prompts: readonly LabelledPrompt[], { target }: FitOptions) {
  const { scores, labels } = goodOf(prompts, target);
  atLeast(scores.length, LEAST_ISOTONIC, "labelled candidates");
  const knots = fitIsotonic(scores, labels);
  return {
    params: toParams(knots),
    spaceOut: "probability" as const,
    n: scores.length,
    unit: "candidates" as const,
    notes: flatNote(knots),
  };
}

function lineOfRatings(prompts: readonly LabelledPrompt[]) {
  const rated = ratingsOf(prompts);
  const line = fitAffine(
    rated.map(({ score }) => score),
    rated.map(({ rating }) => rating),
    LEAST_SCORES,
  );
  if (line.slope <= 0) throw new GatewayError("REQUEST_INVALID", "scores fall as ratings rise, or do not move: no line keeps their order");
  return {
    params: { slope: line.slope, intercept: line.intercept },
    spaceOut: "native" as const,
    n: rated.length,
    unit: "candidates" as const,
  };
}

function isotonicOfRatings(prompts: readonly LabelledPrompt[]) {
  const rated = ratingsOf(prompts);
  atLeast(rated.length, LEAST_ISOTONIC, "rated candidates");
  const knots = fitIsotonic(
    rated.map(({ score }) => score),
    rated.map(({ rating }) => rating),
  );
  return { params: toParams(knots), spaceOut: "native" as const, n: rated.length, unit: "candidates" as const, notes: flatNote(knots) };
}

function toReference(prompts: readonly LabelledPrompt[], { method }: FitOptions): Fit {
  const scores = prompts.flatMap(({ candidates }) => candidates.map(({ score }) => score));
  atLeast(scores.length, LEAST_SCORES, "scores");
  return {
    params: { reference: [...quantileGrid(scores)] },
    spaceOut: method === "cdf" ? "unit" : "native",
    n: scores.length,
    unit: "candidates",
  };
}

function toQuantileMap(prompts: readonly LabelledPrompt[], { ontoSpace }: FitOptions): Fit {
  const candidates = prompts.flatMap((prompt) => prompt.candidates);
  const to = candidates.flatMap(({ onto }) => (onto === undefined ? [] : [onto]));
  if (ontoSpace === undefined || to.length === 0) {
    throw new GatewayError("REQUEST_INVALID", "a quantile map leads to the scale of another judge: name that judge");
  }
  atLeast(to.length, LEAST_SCORES, "scores");
  const from = candidates.map(({ score }) => score);
  return { params: { from: [...quantileGrid(from)], to: [...quantileGrid(to)] }, spaceOut: ontoSpace, n: to.length, unit: "candidates" };
}

function goodOf(prompts: readonly LabelledPrompt[], target: CalibrationTarget): { scores: number[]; labels: number[] } {
  const goodFrom = target.labels === "good" ? target.goodFrom : Number.NaN;
  const rated = ratingsOf(prompts);
  return { scores: rated.map(({ score }) => score), labels: rated.map(({ rating }) => (rating >= goodFrom ? 1 : 0)) };
}

function sameWithinPairs(): GatewayError {
  return new GatewayError("REQUEST_INVALID", "both sides of every pair score the same: there is nothing to calibrate");
}

function minGapOf(target: CalibrationTarget): number {
  return target.labels === "pairs" ? target.minGap : 0;
}

function median(prompts: readonly LabelledPrompt[]): number {
  return quantile(
    prompts.flatMap(({ candidates }) => candidates.map(({ score }) => score)),
    0.5,
  );
}

/** @throws {GatewayError} REQUEST_INVALID for a map without a rise, which would give every candidate the same reward */
function toParams({ x, y }: Knots) {
  if (y.every((value) => value === y[0])) {
    throw new GatewayError("REQUEST_INVALID", "scores fall as labels rise, or do not move: every candidate would get the same score");
  }
  return { knotsX: [...x], knotsY: [...y] };
}

function flatNote({ y }: Knots): string[] {
  const flat = y.subarray(1).filter((value, k) => value === y[k]).length;
  return flat === 0 ? [] : [`${flat} of ${y.length - 1} pieces are flat: scores within one of them tie afterwards`];
}

function atLeast(n: number, least: number, what: string): void {
  if (n >= least) return;
  throw new GatewayError("REQUEST_INVALID", `${n} ${what} are too few to fit on: label at least ${least}`);
}
