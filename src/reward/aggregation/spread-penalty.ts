import { z } from "zod";
import type { Aggregate } from "../../domain/reward.ts";
import { moments } from "../moments.ts";
import { sum } from "../numerics.ts";
import { beyondBounds, equalMembersKind } from "./equal-members.ts";

const ddof = z
  .union([z.literal(0), z.literal(1)])
  .default(0)
  .describe("Taken off the divisor of the variance: 0 for the spread of these members, 1 to estimate that of all such. Default 0.");

const uwoParams = z
  .strictObject({
    lambda: z.number().min(0).default(0.5).describe("Weight of the variance, ≥ 0, in 1/unit of the scores. Default 0.5."),
    ddof,
  })
  .describe("Mean less lambda × variance over the members: reward that the judges dispute is worth less. Members count as equals.");

const deviationParams = z
  .strictObject({ k: z.number().min(0).default(1).describe("Standard deviations that are taken off, ≥ 0. Default 1."), ddof })
  .describe("Mean less k standard deviations over the members, free of the scores' scale. Members count as equals.");

/** A mean less a penalty for spread, and what it is made of. */
export interface SpreadPenalised extends Aggregate {
  readonly mean: number;
  readonly variance: number;
  /** Too few members for a spread: it is 0 by convention. */
  readonly degenerate: boolean;
}

/**
 * Uncertainty-weighted optimisation: reward = mean − λ·variance over the judges of one candidate. A member contributes its
 * share of the mean less its share of the penalty: x[j]/n − λ·(x[j] − mean)²/(n − ddof).
 *
 * It subtracts squared units from units, so the scores have to be calibrated to one space in which λ means something.
 *
 * @param scores  transformed scores, one common space, shape [n], n ≥ 1
 * @param options λ ≥ 0 and ddof; published code takes 0.5 with ddof 0 for best-of-n, 0.1 with ddof 1 for PPO
 * @complexity O(n), pure
 * @see Coste et al. 2024, Reward Model Ensembles Help Mitigate Overoptimization, arXiv:2310.02743
 * @example uwo(Float64Array.of(1, 3), { lambda: 0.5, ddof: 0 }).reward // → 1.5
 */
export function uwo(scores: Float64Array, { lambda, ddof }: { lambda: number; ddof: number }): SpreadPenalised {
  const { mean, variance, degenerate } = moments(scores, ddof);
  return { ...penalised(scores, mean, degenerate ? 0 : lambda / (scores.length - ddof)), mean, variance, degenerate };
}

/**
 * Lower confidence bound: reward = mean − k·std over the judges of one candidate. A member contributes its share of the mean
 * less the part of the penalty that its squared distance from the mean has: x[j]/n − k·(x[j] − mean)²/((n − ddof)·std).
 *
 * @param scores  transformed scores, one common space, shape [n], n ≥ 1
 * @param options k ≥ 0 and ddof
 * @complexity O(n), pure
 * @see Coste et al. 2024, Reward Model Ensembles Help Mitigate Overoptimization, arXiv:2310.02743
 * @example meanMinusStd(Float64Array.of(1, 3), { k: 1, ddof: 0 }).reward // → 1
 */
export function meanMinusStd(scores: Float64Array, { k, ddof }: { k: number; ddof: number }): SpreadPenalised {
  const { mean, variance, std, degenerate } = moments(scores, ddof);
  const rate = std === 0 ? 0 : k / ((scores.length - ddof) * std);
  return { ...penalised(scores, mean, rate), mean, variance, degenerate };
}

/** mean − rate·Σ(x − mean)², member by member. */
function penalised(scores: Float64Array, mean: number, rate: number): Aggregate {
  const contributions = scores.map((score) => score / scores.length - rate * (score - mean) ** 2);
  return { reward: sum(contributions), contributions, weights: scores.map(() => 1 / scores.length) };
}

/** Mean less λ·variance. */
export const uwoKind = equalMembersKind({
  method: "uwo",
  params: uwoParams,
  spaceOut: beyondBounds,
  combine: (options) => (scores) => uwo(scores, options),
});

/** Mean less k standard deviations. */
export const meanMinusStdKind = equalMembersKind({
  method: "meanMinusStd",
  params: deviationParams,
  spaceOut: beyondBounds,
  combine: (options) => (scores) => meanMinusStd(scores, options),
});
