import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";

const params = z
  .strictObject({
    knotsX: z.array(z.number()).min(1).max(100_000).describe("Raw scores of the knots, strictly ascending."),
    knotsY: z.array(z.number()).min(1).max(100_000).describe("Calibrated scores of the knots, never descending, as many as knotsX."),
  })
  .describe("Straight lines between knots, constant outside them.");

/**
 * Monotone piecewise linear map through the knots (x[i], y[i]); constant outside them.
 *
 * @param knots x strictly ascending, y never descending, shapes [n], n ≥ 1
 * @param score raw score
 * @returns a number in [y[0], y[n−1]]
 * @complexity O(log n)
 * @see Zadrozny and Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates
 */
export function interpolate(knots: { readonly x: Float64Array; readonly y: Float64Array }, score: number): number {
  const { x, y } = knots;
  const last = x.length - 1;
  if (score <= x[0]!) return y[0]!;
  if (score >= x[last]!) return y[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= score) low = middle;
    else high = middle;
  }
  const share = (score - x[low]!) / (x[high]! - x[low]!);
  return y[low]! + share * (y[high]! - y[low]!);
}

/** Isotonic calibration, as fitted by pooling adjacent violators. Scores inside one pooled block tie. */
export const isotonic: CalibrationKind<typeof params> = {
  method: "isotonic",
  params,
  accepts: "any",
  gives: ["probability", "unit", "logit", "native", "logProbability"],
  spaceOut: () => "probability",
  problems: ({ knotsX, knotsY }, { spaceOut }) => {
    const found = [];
    if (knotsX.length !== knotsY.length) {
      const cause = `${knotsX.length} values in knotsX and ${knotsY.length} in knotsY`;
      found.push({ path: ["knotsY"], cause, remedy: "give one knotsY for each knotsX" });
    }
    const flat = knotsX.findIndex((x, i) => i > 0 && x <= knotsX[i - 1]!);
    if (flat > 0)
      found.push({ path: ["knotsX", flat], cause: "not above the knot before it", remedy: "sort the knots and pool equal ones" });
    const fall = knotsY.findIndex((y, i) => i > 0 && y < knotsY[i - 1]!);
    if (fall > 0) found.push({ path: ["knotsY", fall], cause: "below the knot before it", remedy: "fit again: a calibration is monotone" });
    const bounded = spaceOut === "probability" || spaceOut === "unit";
    const outside = knotsY.findIndex((y) => (bounded && (y < 0 || y > 1)) || (spaceOut === "logProbability" && y > 0));
    if (outside >= 0) {
      const cause = `${knotsY[outside]} is no ${spaceOut}`;
      found.push({ path: ["knotsY", outside], cause, remedy: "state the spaceOut that the knots are in, for example native" });
    }
    return found;
  },
  create: ({ knotsX, knotsY }, spec) => {
    const knots = { x: Float64Array.from(knotsX), y: Float64Array.from(knotsY) };
    return { method: "isotonic", ...spec, apply: (score) => interpolate(knots, score) };
  },
};
