import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";
import { type Moments, moments } from "../moments.ts";

/**
 * Distance of a score from the mean of a reference set, in its standard deviations: z = (score − μ) / σ.
 *
 * @param score  a score of the same judge
 * @param spread mean and standard deviation of the reference set
 * @param minStd a standard deviation up to this, ≥ 0, is taken for none
 * @returns z; 0 for every score where the reference set has no spread
 * @complexity O(1), pure
 * @example zscoreOf(5, moments([1, 3], 0), 1e-6) // → 3
 */
export function zscoreOf(score: number, { mean, std }: Moments, minStd: number): number {
  return std <= minStd ? 0 : (score - mean) / std;
}

const params = z
  .strictObject({
    reference: z.array(z.number()).min(2).max(100_000).describe("Raw scores of reference completions under the same judge."),
    ddof: z.int().min(0).max(1).default(0).describe("Taken off the divisor of the variance: 0 or 1. Default 0."),
    minStd: z.number().min(0).default(1e-6).describe("A standard deviation up to this is refused. Default 1e-6."),
  })
  .describe("(raw − mean) / standard deviation, both of reference scores.");

/** Standardisation against reference scores: comparable between judges whose scores are spread alike. */
export const zscore: CalibrationKind<typeof params> = {
  method: "zscore",
  params,
  references: ["reference"],
  accepts: "any",
  // A number of standard deviations is no log-odds any more.
  gives: ["native"],
  spaceOut: () => "native",
  problems: ({ reference, ddof, minStd }) => {
    if (moments(reference, ddof).std > minStd) return [];
    const cause = `the reference scores have a standard deviation of at most ${minStd}`;
    return [{ path: ["reference"], cause, remedy: "give scores of several completions that differ" }];
  },
  create: ({ reference, ddof, minStd }, spec) => {
    const spread = moments(reference, ddof);
    return { method: "zscore", ...spec, apply: (score) => zscoreOf(score, spread, minStd) };
  },
};
