import { z } from "zod";
import type { AggregationKind } from "../kinds.ts";
import { logSigmoid, sum } from "../numerics.ts";
import { idleProblems } from "./equal-members.ts";
import { weightedSum } from "./weighted-sum.ts";

const params = z
  .strictObject({})
  .describe(
    "Logical AND: Σ weight × log-probability of members with the transform logSigmoidCentred. One bad judgement cannot be outweighed.",
  );

/** A logical AND over judges. */
export interface LogicalAnd {
  /** u[j] = log σ(r[j] − ref[j]), nats, shape [J]. */
  readonly terms: Float64Array;
  /** Σ_j w[j]·u[j], nats, ≤ 0. */
  readonly sum: number;
  /** e^sum, the probability that every judge is content if they err independently; only when every weight is 1. */
  readonly pAllGood?: number;
}

/**
 * Sum of log-sigmoid centred rewards: S = Σ_j w[j]·log σ(r[j] − ref[j]). With weights other than 1 it is a tempered product
 * and no probability.
 *
 * @param rewards    calibrated rewards, logits, shape [J]
 * @param references rewards of the reference completion under the same judges, logits, shape [J]
 * @param weights    shape [J], ≥ 0
 * @returns terms, their weighted sum, and the probability where there is one
 * @complexity O(J), pure
 * @see Wang et al. 2024, Transforming and Combining Rewards for Aligning Large Language Models, arXiv:2402.00742
 * @example lscSum(Float64Array.of(2), Float64Array.of(2), Float64Array.of(1)).pAllGood // → 0.5
 */
export function lscSum(rewards: Float64Array, references: Float64Array, weights: Float64Array): LogicalAnd {
  const terms = rewards.map((reward, j) => logSigmoid(reward - references[j]!));
  const total = sum(terms.map((term, j) => weights[j]! * term));
  return { terms, sum: total, ...(weights.every((weight) => weight === 1) && { pAllGood: Math.exp(total) }) };
}

/** weightedSum that takes nothing but log-probabilities, for panels that mean a logical AND. */
export const lscSumKind: AggregationKind<typeof params> = {
  method: "lscSum",
  params,
  accepts: ["logProbability"],
  spaceOut: () => "logProbability",
  problems: (_, members) => idleProblems(members),
  create: (_, { spaceOut, revision }) => ({
    method: "lscSum",
    spaceOut,
    revision,
    weighs: true,
    monotone: true,
    aggregate: (group) => group.map(({ scores, weights }) => weightedSum(scores, weights)),
  }),
};
