import { z } from "zod";
import type { Aggregate } from "../../domain/reward.ts";
import { sum } from "../numerics.ts";
import { equalMembersKind } from "./equal-members.ts";

const medianParams = z
  .strictObject({})
  .describe("The middle score, or the mean of the two middle ones: no minority of judges can move it far. Members count as equals.");

const trimmedParams = z
  .strictObject({
    trim: z.number().min(0).lt(0.5).describe("Share of the members that is dropped at each end, in [0, 0.5), rounded down to whole ones."),
  })
  .describe("Mean of the scores without the highest and the lowest ones. Members count as equals.");

/**
 * Median of one candidate. The middle member contributes all of it, or the two middle ones half of their score each.
 *
 * @param scores transformed scores, one common space, shape [n], n ≥ 1
 * @returns the median, contributions that sum to it, and the weights that it took
 * @complexity O(n log n), pure
 * @example median(Float64Array.of(0.1, 2, 0.4, 0.6)).reward // → 0.5
 */
export function median(scores: Float64Array): Aggregate {
  return meanWithoutEnds(scores, Math.ceil(scores.length / 2) - 1);
}

/**
 * Trimmed mean of one candidate: the mean without ⌊trim·n⌋ scores at each end.
 *
 * @param scores transformed scores, one common space, shape [n], n ≥ 1
 * @param trim   share in [0, 0.5)
 * @returns the mean of what is left, contributions that sum to it, and the weights that it took
 * @complexity O(n log n), pure
 * @example trimmedMean(Float64Array.of(-9, 1, 2, 3, 90), 0.2).reward // → 2
 */
export function trimmedMean(scores: Float64Array, trim: number): Aggregate {
  return meanWithoutEnds(scores, Math.floor(trim * scores.length));
}

/** Among equal scores the one with the lower index is taken for the smaller. */
function meanWithoutEnds(scores: Float64Array, dropped: number): Aggregate {
  const order = Array.from(scores, (_, j) => j).sort((i, j) => scores[i]! - scores[j]!);
  const kept = new Set(order.slice(dropped, scores.length - dropped));
  const weights = scores.map((_, j) => (kept.has(j) ? 1 / kept.size : 0));
  const contributions = scores.map((score, j) => (kept.has(j) ? score / kept.size : 0));
  return { reward: sum(contributions), contributions, weights };
}

/** The middle member's score. */
export const medianKind = equalMembersKind({
  method: "median",
  params: medianParams,
  spaceOut: (space) => space,
  monotone: true,
  combine: () => median,
});

/** The mean of the members that agree best. */
export const trimmedMeanKind = equalMembersKind({
  method: "trimmedMean",
  params: trimmedParams,
  spaceOut: (space) => space,
  monotone: true,
  combine:
    ({ trim }) =>
    (scores) =>
      trimmedMean(scores, trim),
});
