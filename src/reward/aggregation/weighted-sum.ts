import { z } from "zod";
import type { Aggregate, CandidateScores } from "../../domain/reward.ts";
import type { ScoreSpace } from "../../domain/score-space.ts";
import type { AggregationKind, MemberFacts } from "../kinds.ts";
import { sum } from "../numerics.ts";

const params = z
  .strictObject({})
  .describe("Σ weight × score. Over log-probabilities with weight 1, the log-probability that every judge is content.");

/**
 * Weighted sum of one candidate: contribution[j] = w[j] · x[j], reward = Σ_j contribution[j].
 *
 * @param scores  transformed scores, one common space, shape [n], n ≥ 1
 * @param weights effective weights, shape [n]
 * @complexity O(n), pure
 * @example weightedSum(Float64Array.of(2, 4), Float64Array.of(0.5, 0.5)).reward // → 3
 */
export function weightedSum(scores: Float64Array, weights: Float64Array): Aggregate {
  const contributions = scores.map((score, j) => weights[j]! * score);
  return { reward: sum(contributions), contributions };
}

/** Weights that sum to 1 give a mean, which keeps any space; other sums keep only the spaces without an upper bound or unit. */
function spaceOfSum(space: ScoreSpace, members: readonly MemberFacts[]): ScoreSpace {
  const total = sum(members.map((member) => member.weight));
  const bounded = space === "probability" || space === "unit" || space === "rank";
  return bounded && Math.abs(total - 1) > 1e-9 ? "native" : space;
}

/** Σ w·x with the weights as configured. Over log-sigmoid centred members with weight 1 this is the logical AND. */
export const weightedSumKind: AggregationKind<typeof params> = {
  method: "weightedSum",
  params,
  accepts: "common",
  spaceOut: spaceOfSum,
  problems: () => [],
  create: (_, { spaceOut, revision }) => ({
    method: "weightedSum",
    spaceOut,
    revision,
    weighs: true,
    monotone: true,
    aggregate: (group: readonly CandidateScores[]) => group.map(({ scores, weights }) => weightedSum(scores, weights)),
  }),
};
