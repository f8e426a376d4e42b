import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { sum } from "../numerics.ts";
import { labelledItems } from "./labelled.ts";

const params = z
  .strictObject({
    slope: z.number().positive().describe("Calibrated units per raw unit; above 0, so that order is kept."),
    intercept: z.number().default(0).describe("Calibrated score of a raw score of 0."),
  })
  .describe("slope × raw + intercept. A temperature T is slope 1/T.");

/** A straight line through ratings. */
export interface FittedAffine {
  readonly slope: number;
  readonly intercept: number;
  /** Every score is the same: slope 0, the mean rating as intercept. No calibration, since it loses the order. */
  readonly degenerate: boolean;
  readonly dropped: number;
}

/**
 * Least squares line of ratings over scores: rating ≈ slope · score + intercept.
 *
 * @param scores  raw scores, shape [n]; null is dropped
 * @param ratings shape [n]; null is dropped
 * @param minItems fewest items to fit on
 * @throws {GatewayError} REQUEST_INVALID on fewer than minItems items, SCORE_NOT_FINITE
 * @complexity O(n), pure
 * @example fitAffine([0, 1], [1, 3], 2).slope // → 2
 */
export function fitAffine(scores: readonly Optional[], ratings: readonly Optional[], minItems: number): FittedAffine {
  const { x, y, dropped } = labelledItems(scores, ratings, minItems);
  const meanX = sum(x) / x.length;
  const meanY = sum(y) / y.length;
  const degenerate = x.every((score) => score === x[0]);
  const fromMean = x.map((score) => score - meanX);
  const slope = degenerate ? 0 : sum(fromMean.map((dx, i) => dx * (y[i]! - meanY))) / sum(fromMean.map((dx) => dx * dx));
  return { slope, intercept: meanY - slope * meanX, degenerate, dropped };
}

/**
 * Affine calibration: s = slope · r + intercept. A temperature T is slope 1/T.
 * Fitted by least squares on ratings, or by maximum likelihood on the margins of preference pairs.
 */
export const affine: CalibrationKind<typeof params> = {
  method: "affine",
  params,
  accepts: "any",
  // No bounds, so neither probabilities nor units.
  gives: ["logit", "native"],
  spaceOut: (spaceIn) => (spaceIn === "logit" ? "logit" : "native"),
  problems: () => [],
  create: ({ slope, intercept }, spec) => ({ method: "affine", ...spec, apply: (score) => slope * score + intercept }),
};
