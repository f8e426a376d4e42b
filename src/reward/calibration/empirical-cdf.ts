import { z } from "zod";
import type { CalibrationKind, ParamsProblem } from "../kinds.ts";
import { normalQuantile } from "../normal.ts";
import { quantileSorted } from "../numerics.ts";

/** Scores of a reference set, sorted for lookup. */
export interface ReferenceSet {
  /** Ascending, shape [n], n ≥ 1. */
  readonly sorted: Float64Array;
  /** Every score is the same: the set tells nothing about any other score. */
  readonly degenerate: boolean;
}

/**
 * A reference set of scores, ready for lookup.
 *
 * @param scores finite numbers, shape [n], n ≥ 1, any order; not changed
 * @complexity O(n log n), pure
 * @example referenceSet([3, 1]).sorted[0] // → 1
 */
export function referenceSet(scores: ArrayLike<number>): ReferenceSet {
  const sorted = Float64Array.from(scores).sort();
  return { sorted, degenerate: sorted[0] === sorted[sorted.length - 1] };
}

/**
 * Mid-rank of a score in a reference set: (#{below} + ½ · #{equal}) / n, kept within [1/2n, 1 − 1/2n].
 *
 * @param reference n scores; of one without spread, the answer is ½ everywhere
 * @param score     a score of the same judge
 * @returns a number in (0, 1) that never falls as the score rises
 * @complexity O(log n), pure
 * @example empiricalCdf(referenceSet([1, 2, 3, 4]), 2.5) // → 0.5
 */
export function empiricalCdf({ sorted, degenerate }: ReferenceSet, score: number): number {
  if (degenerate) return 0.5;
  const n = sorted.length;
  const below = countUnder(sorted, (x) => x < score);
  const equal = countUnder(sorted, (x) => x <= score) - below;
  return Math.min(1 - 1 / (2 * n), Math.max(1 / (2 * n), (below + equal / 2) / n));
}

/** How many leading entries satisfy a condition that holds up to some point and not after it. */
function countUnder(sorted: Float64Array, holds: (x: number) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Normal score: Φ⁻¹ of the mid-rank in a reference set, so that reference scores become standard normal.
 *
 * @returns a finite number that never falls as the score rises
 * @complexity O(log n), pure
 * @see Blom 1958, Statistical Estimates and Transformed Beta-Variables
 * @example normalScoreOf(referenceSet([1, 2, 3, 4]), 2.5) // → 0
 */
export function normalScoreOf(reference: ReferenceSet, score: number): number {
  return normalQuantile(empiricalCdf(reference, score));
}

/**
 * A score of judge A on the scale of judge B, without labels: Q_B(u_A(score)), the quantile of B's reference scores at the
 * mid-rank among A's.
 *
 * @param from  A's scores of reference completions
 * @param to    B's scores, best of the same completions
 * @param score a score of A
 * @returns a number between the least and the greatest of B's scores that never falls as the score rises
 * @complexity O(log n), pure
 * @example mapQuantile(referenceSet([1, 2, 3]), referenceSet([10, 20, 30]), 2) // → 20
 */
export function mapQuantile(from: ReferenceSet, to: ReferenceSet, score: number): number {
  return quantileSorted(to.sorted, empiricalCdf(from, score));
}

/** Most scores that stand for a reference set in a file; more are thinned out to as many quantiles, 0.1 % apart. */
const GRID_POINTS = 1_001;

/**
 * A reference set short enough for a file: the scores themselves up to 1,001 of them, else their 1,001 quantiles at 0, 0.001, …, 1.
 *
 * @param scores finite numbers, shape [n], n ≥ 1, any order; not changed
 * @returns ascending, shape [min(n, 1001)], with the least and the greatest score at its ends
 * @complexity O(n log n), pure
 * @example quantileGrid([3, 1, 2])[0] // → 1
 */
export function quantileGrid(scores: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(scores).sort();
  if (sorted.length <= GRID_POINTS) return sorted;
  return Float64Array.from({ length: GRID_POINTS }, (_, i) => quantileSorted(sorted, i / (GRID_POINTS - 1)));
}

const scores = z.array(z.number()).min(1).max(100_000);
const reference = scores.describe("Raw scores of reference completions under the same judge, in any order.");

/** Scores without spread, which no other score can be compared with. */
function withoutSpread(key: string, given: readonly number[]): ParamsProblem[] {
  if (!referenceSet(given).degenerate) return [];
  return [{ path: [key], cause: "every reference score is the same", remedy: "give scores of several completions that differ" }];
}

const cdfParams = z.strictObject({ reference }).describe("Share of reference scores below the raw score; equal ones count half.");

/** Calibration to the rank among reference scores: comparable between judges without any label. */
export const cdf: CalibrationKind<typeof cdfParams> = {
  method: "cdf",
  params: cdfParams,
  references: ["reference"],
  accepts: "any",
  gives: ["unit"],
  spaceOut: () => "unit",
  problems: ({ reference }) => withoutSpread("reference", reference),
  create: ({ reference }, spec) => {
    const set = referenceSet(reference);
    return { method: "cdf", ...spec, apply: (score) => empiricalCdf(set, score) };
  },
};

const normalScoreParams = z
  .strictObject({ reference })
  .describe("Φ⁻¹ of the share of reference scores below the raw score: reference scores become standard normal.");

/** Calibration to normal scores, where equal steps mean equal steps of rank in the middle and more in the tails. */
export const normalScore: CalibrationKind<typeof normalScoreParams> = {
  method: "normalScore",
  params: normalScoreParams,
  references: ["reference"],
  accepts: "any",
  gives: ["native"],
  spaceOut: () => "native",
  problems: ({ reference }) => withoutSpread("reference", reference),
  create: ({ reference }, spec) => {
    const set = referenceSet(reference);
    return { method: "normalScore", ...spec, apply: (score) => normalScoreOf(set, score) };
  },
};

const quantileMapParams = z
  .strictObject({
    from: reference,
    to: scores.describe("Scores of reference completions on the scale to arrive at, best of the same completions, in any order."),
  })
  .describe("The quantile of `to` at the raw score's rank in `from`: puts one judge on another's scale without labels.");

/** Calibration of one judge to the scale of another. */
export const quantileMap: CalibrationKind<typeof quantileMapParams> = {
  method: "quantileMap",
  params: quantileMapParams,
  references: ["from", "to"],
  accepts: "any",
  gives: ["logit", "native", "unit", "probability", "logProbability"],
  spaceOut: (spaceIn) => (spaceIn === "rank" || spaceIn === "advantage" ? "native" : spaceIn),
  problems: ({ from, to }, { spaceOut }) => {
    const found = [...withoutSpread("from", from), ...withoutSpread("to", to)];
    const bounded = spaceOut === "probability" || spaceOut === "unit";
    const outside = to.findIndex((y) => (bounded && (y < 0 || y > 1)) || (spaceOut === "logProbability" && y > 0));
    if (outside < 0) return found;
    const remedy = "state the spaceOut that these scores are in, for example native";
    return [...found, { path: ["to", outside], cause: `${to[outside]} is no ${spaceOut}`, remedy }];
  },
  create: ({ from, to }, spec) => {
    const [source, target] = [referenceSet(from), referenceSet(to)];
    return { method: "quantileMap", ...spec, apply: (score) => mapQuantile(source, target, score) };
  },
};
