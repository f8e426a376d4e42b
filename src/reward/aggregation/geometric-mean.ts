import { z } from "zod";
import type { Aggregate } from "../../domain/reward.ts";
import type { AggregationKind } from "../kinds.ts";
import { sum } from "../numerics.ts";
import { idleProblems } from "./equal-members.ts";

const params = z
  .strictObject({
    floor: z.number().positive().max(1).default(1e-6).describe("Least score that is told apart from 0, in (0, 1]. Default 1e-6."),
  })
  .describe("Weighted geometric mean of probabilities: a member near 0 pulls the reward to 0.");

/**
 * Weighted geometric mean of one candidate: reward = exp(Σ_j w[j]·ln max(x[j], floor) / Σ_j w[j]).
 *
 * A product has no summands: contribution[j] = reward·w[j]/Σw, which is x[j] times the slope of the reward in x[j].
 *
 * @param scores  probabilities or unit scores, shape [n], n ≥ 1; those below the floor count as the floor
 * @param weights shape [n], ≥ 0, not all 0
 * @param floor   in (0, 1]
 * @returns reward in [floor, 1], contributions that sum to it, and the weights as used, which sum to 1
 * @complexity O(n), pure
 * @example geometricMean(Float64Array.of(0.25, 1), Float64Array.of(1, 1), 1e-6).reward // → 0.5
 */
export function geometricMean(scores: Float64Array, weights: Float64Array, floor: number): Aggregate {
  const total = sum(weights);
  const shares = weights.map((weight) => weight / total);
  const reward = Math.exp(sum(scores.map((score, j) => shares[j]! * Math.log(Math.max(score, floor)))));
  return { reward, contributions: shares.map((share) => share * reward), weights: shares };
}

/** exp of the mean logarithm. Not a probability any more, though it stays within 0 and 1. */
export const geometricMeanKind: AggregationKind<typeof params> = {
  method: "geometricMean",
  params,
  accepts: ["probability", "unit"],
  spaceOut: () => "unit",
  problems: (_, members) => idleProblems(members),
  create: ({ floor }, { spaceOut, revision }) => ({
    method: "geometricMean",
    spaceOut,
    revision,
    weighs: true,
    shares: true,
    monotone: true,
    aggregate: (group) => group.map(({ scores, weights }) => geometricMean(scores, weights, floor)),
  }),
};
