import { z } from "zod";
import { GatewayError } from "../domain/errors.ts";
import { moments } from "./moments.ts";
import { normalQuantile } from "./normal.ts";
import { quantile, sum } from "./numerics.ts";

/** How a reference reward is taken from scores of reference completions. */
export type ReferenceRule =
  /** Empirical quantile q in (0, 1), linear interpolation. */
  | { readonly method: "quantile"; readonly q: number }
  /** Quantile of a normal distribution fitted to the scores: μ + Φ⁻¹(q)·(σ + stdEpsilon), σ with divisor n − ddof. */
  | { readonly method: "normalQuantile"; readonly q: number; readonly ddof: number; readonly stdEpsilon: number }
  /** Mean, for completions of one prompt; of one completion, its score. */
  | { readonly method: "mean" };

/**
 * Reference reward: the score that a good completion should reach, from scores of reference completions.
 *
 * @param scores calibrated scores of reference completions under the same judge, shape [m]
 * @param rule   how to take one number from them
 * @returns a number in the unit of the scores
 * @throws {GatewayError} REFERENCE_MISSING when there are no scores
 * @complexity O(m log m), pure
 * @see Wang et al. 2024, Transforming and Combining Rewards for Aligning Large Language Models, arXiv:2402.00742
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example referenceReward([0, 1, 2, 3], { method: "quantile", q: 0.5 }) // → 1.5
 */
export function referenceReward(scores: ArrayLike<number>, rule: ReferenceRule): number {
  if (scores.length === 0) {
    throw new GatewayError("REFERENCE_MISSING", "no reference completion has a score: give at least one, or a number as the reference");
  }
  if (rule.method === "mean") return sum(scores) / scores.length;
  if (rule.method === "quantile") return quantile(scores, rule.q);
  const { mean, std } = moments(scores, rule.ddof);
  return mean + normalQuantile(rule.q) * (std + rule.stdEpsilon);
}

/** The scores of reference completions, as parameters state them. */
export const referenceScores = z
  .array(z.number())
  .min(1)
  .max(100_000)
  .describe("Calibrated scores of reference completions under the same judge.");
const q = z.number().gt(0).lt(1).default(0.85).describe("Quantile that a good completion should reach, in (0, 1). Default 0.85.");

/** Parameters of a reference reward: a number, or how to take one from scores of reference completions. */
export const referenceParams = z.union([
  z.number(),
  z.discriminatedUnion("method", [
    z.strictObject({
      method: z.literal("quantile").describe("Empirical quantile of the scores, linear interpolation."),
      scores: referenceScores,
      q,
    }),
    z.strictObject({
      method: z.literal("normalQuantile").describe("Quantile of a normal distribution fitted to the scores."),
      scores: referenceScores,
      q,
      ddof: z.int().min(0).max(1).default(1).describe("Taken off the divisor of the variance. Default 1."),
      stdEpsilon: z
        .number()
        .min(0)
        .default(1e-5)
        .describe("Added to the standard deviation, so that equal scores give a reference as well. Default 1e-5."),
    }),
    z.strictObject({ method: z.literal("mean").describe("Mean of the scores."), scores: referenceScores }),
  ]),
]);
export type ReferenceParams = z.output<typeof referenceParams>;

/**
 * The reference reward that parameters state, in the unit of their scores.
 *
 * @complexity O(m log m) for m scores, pure
 * @example resolveReference(2) // → 2
 */
export function resolveReference(reference: ReferenceParams): number {
  return typeof reference === "number" ? reference : referenceReward(reference.scores, reference);
}
