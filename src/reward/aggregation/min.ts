import { z } from "zod";
import type { Aggregate } from "../../domain/reward.ts";
import { argMin } from "../ranks.ts";
import { equalMembersKind } from "./equal-members.ts";

const params = z.strictObject({}).describe("The least score: the worst judge decides. Members count as equals.");

/** A worst case and whose it is. */
export interface Least extends Aggregate {
  /** Index of the score that decided; the lowest among equals. */
  readonly argMin: number;
}

/**
 * Worst case of one candidate: reward = min_j x[j]. The member that decides contributes all of it.
 *
 * @param scores transformed scores, one common space, shape [n], n ≥ 1
 * @returns the least score, contributions and weights that are 0 for every other member
 * @complexity O(n), pure
 * @see Coste et al. 2024, Reward Model Ensembles Help Mitigate Overoptimization, arXiv:2310.02743
 * @example least(Float64Array.of(1.2, -0.2, 0.9)).reward // → -0.2
 */
export function least(scores: Float64Array): Least {
  const worst = argMin(scores);
  const weights = scores.map((_, j) => (j === worst ? 1 : 0));
  const contributions = scores.map((score, j) => (j === worst ? score : 0));
  return { reward: scores[worst]!, contributions, weights, argMin: worst };
}

/** Worst-case optimisation over an ensemble: a candidate is as good as its most critical judge says. */
export const minKind = equalMembersKind({ method: "min", params, spaceOut: (space) => space, monotone: true, combine: () => least });
