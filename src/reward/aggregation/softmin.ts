import { z } from "zod";
import type { Aggregate } from "../../domain/reward.ts";
import type { AggregationKind } from "../kinds.ts";
import { logSumExp, sum } from "../numerics.ts";
import { idleProblems } from "./equal-members.ts";

const params = z
  .strictObject({
    temperature: z
      .number()
      .positive()
      .describe("Unit of the scores, above 0: differences well above it count as in min, those below as in a mean."),
    form: z
      .enum(["logMeanExp", "weighted"])
      .default("logMeanExp")
      .describe("`logMeanExp` is the soft minimum itself, `weighted` the mean under its weights. Default logMeanExp."),
  })
  .describe("A smooth minimum: between the least score and the weighted mean.");

/** Temperature and form of a soft minimum. */
export interface SoftminOptions {
  /** In the unit of the scores, > 0. */
  readonly temperature: number;
  readonly form: "logMeanExp" | "weighted";
}

/**
 * Soft minimum of one candidate. With w̃ = w/Σw and p[j] ∝ w̃[j]·exp(−x[j]/τ), `logMeanExp` is −τ·log Σ_j w̃[j]·exp(−x[j]/τ),
 * `weighted` is Σ_j p[j]·x[j]. Both tend to the minimum as τ → 0 and to the weighted mean as τ → ∞.
 *
 * p[j] is how fast the soft minimum follows x[j]. Contributions are p[j]·reward under `logMeanExp`, which is not a sum over
 * members and is shared by influence, and p[j]·x[j] under `weighted`.
 *
 * @param scores  transformed scores, one common space, shape [n], n ≥ 1
 * @param weights shape [n], ≥ 0, not all 0
 * @returns reward in [min x, Σ w̃x], contributions that sum to it, and p as the weights
 * @complexity O(n), pure
 * @see Cheng et al. 2025, Stop Summation: Min-Form Credit Assignment Is All Process Reward Model Needs for Reasoning, arXiv:2504.15275
 * @example softmin(Float64Array.of(0.3, 0.3), Float64Array.of(1, 1), { temperature: 0.5, form: "weighted" }).reward // → 0.3
 */
export function softmin(scores: Float64Array, weights: Float64Array, { temperature, form }: SoftminOptions): Aggregate {
  const total = sum(weights);
  const exponents = scores.map((score, j) => Math.log(weights[j]! / total) - score / temperature);
  const logMass = logSumExp(exponents);
  const shares = exponents.map((exponent) => Math.exp(exponent - logMass));
  const value = -temperature * logMass;
  const contributions = shares.map((share, j) => share * (form === "weighted" ? scores[j]! : value));
  return { reward: form === "weighted" ? sum(contributions) : value, contributions, weights: shares };
}

/** A minimum that still listens to the other members. */
export const softminKind: AggregationKind<typeof params> = {
  method: "softmin",
  params,
  accepts: "common",
  spaceOut: (space) => space,
  problems: (_, members) => idleProblems(members),
  create: (options, { spaceOut, revision }) => ({
    method: "softmin",
    spaceOut,
    revision,
    weighs: true,
    shares: true,
    ...(options.form === "logMeanExp" && { monotone: true as const }),
    aggregate: (group) => group.map(({ scores, weights }) => softmin(scores, weights, options)),
  }),
};
