import { z } from "zod";
import type { Aggregate, CandidateScores } from "../../domain/reward.ts";
import type { AggregationKind } from "../kinds.ts";
import { sum } from "../numerics.ts";
import { idleProblems } from "./equal-members.ts";
import { weightedSum } from "./weighted-sum.ts";

const params = z.strictObject({}).describe("Σ weight × score / Σ weight: only the proportions of the weights matter.");

/**
 * Weighted mean of one candidate: reward = Σ_j w[j]·x[j] / Σ_j w[j], contribution[j] = w[j]·x[j] / Σ w. What a missing score does
 * is settled before: by the failure policy of a panel, or by `presentScores`.
 *
 * @param scores  transformed scores, one common space, shape [n], n ≥ 1
 * @param weights effective weights, shape [n], not all 0
 * @returns reward within the range of the scores, and the weights as used, which sum to 1
 * @complexity O(n), pure
 * @example weightedMean(Float64Array.of(0.8, 0.5, 0.2), Float64Array.of(2, 1, 1)).reward // → 0.575
 */
export function weightedMean(scores: Float64Array, weights: Float64Array): Aggregate {
  const total = sum(weights);
  const shares = weights.map((weight) => weight / total);
  return { ...weightedSum(scores, shares), weights: shares };
}

/** Σ w·x / Σ w: the size of the weights does not matter, only their proportions. */
export const weightedMeanKind: AggregationKind<typeof params> = {
  method: "weightedMean",
  params,
  accepts: "common",
  spaceOut: (space) => space,
  problems: (_, members) => idleProblems(members),
  create: (_, { spaceOut, revision }) => ({
    method: "weightedMean",
    spaceOut,
    revision,
    weighs: true,
    shares: true,
    monotone: true,
    aggregate: (group: readonly CandidateScores[]) => group.map(({ scores, weights }) => weightedMean(scores, weights)),
  }),
};
