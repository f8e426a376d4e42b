import { z } from "zod";
import { SCORE_SPACES } from "../../domain/score-space.ts";
import type { TransformKind } from "../kinds.ts";
import { averageRanks } from "../ranks.ts";

/**
 * Scores scaled to the range of their group: u[i] = (s[i] − min) / (max − min).
 *
 * @param scores candidates of one prompt, shape [n]
 * @returns numbers in [0, 1], shape [n], same order; ½ for all and `degenerate` when every score is the same
 * @complexity O(n), pure
 * @see Fu et al. 2025, Reward Shaping to Mitigate Reward Hacking in RLHF, arXiv:2502.18770
 * @example minMaxScale(Float64Array.of(2, 4, 3)).scores[2] // → 0.5
 */
export function minMaxScale(scores: Float64Array): { readonly scores: Float64Array; readonly degenerate: boolean } {
  const low = scores.reduce((least, x) => Math.min(least, x), Infinity);
  const high = scores.reduce((most, x) => Math.max(most, x), -Infinity);
  return scaleBetween(scores, low, high);
}

/**
 * Scores scaled to a range that is given: u[i] = (s[i] − low) / (high − low).
 *
 * @param scores shape [n], within [low, high] for results within [0, 1]
 * @returns shape [n], same order; ½ for all and `degenerate` when the range has no width
 * @complexity O(n), pure
 * @example scaleBetween(Float64Array.of(1), 0, 4).scores[0] // → 0.25
 */
export function scaleBetween(
  scores: Float64Array,
  low: number,
  high: number,
): { readonly scores: Float64Array; readonly degenerate: boolean } {
  if (high <= low) return { scores: scores.map(() => 0.5), degenerate: true };
  // Halves first: the width of a range may exceed the greatest double where neither end does.
  const width = high / 2 - low / 2;
  return { scores: scores.map((score) => (score / 2 - low / 2) / width), degenerate: false };
}

/**
 * Ranks within a group: u[i] = (rank[i] − 1) / (n − 1), ranks ascending with equal scores sharing the mean of their places.
 *
 * @param scores candidates of one prompt, shape [n]
 * @returns numbers in [0, 1], 1 for the best, shape [n], same order; ½ for a single candidate and where all tie
 * @complexity O(n log n), pure
 * @example rankScale(Float64Array.of(0.3, 0.9, -1))[0] // → 0.5
 */
export function rankScale(scores: Float64Array): Float64Array {
  if (scores.length === 1) return Float64Array.of(0.5);
  return averageRanks(scores).map((rank) => (rank - 1) / (scores.length - 1));
}

/**
 * Ranks within a group, centred: 2u[i] − 1 with u of {@link rankScale}.
 *
 * @returns numbers in [−1, 1] that sum to 0, shape [n], same order
 * @complexity O(n log n), pure
 * @example centredRanks(Float64Array.of(0.3, 0.9, -1))[1] // → 1
 */
export function centredRanks(scores: Float64Array): Float64Array {
  return rankScale(scores).map((u) => 2 * u - 1);
}

const minMaxParams = z.strictObject({}).describe("(score − least) / (greatest − least) of the item's candidates; ½ when all are the same.");

/** Scaling to the group's range: only the candidates of one item are comparable afterwards. */
export const minMax: TransformKind<typeof minMaxParams> = {
  method: "minMax",
  params: minMaxParams,
  accepts: SCORE_SPACES,
  spaceOut: () => "unit",
  problems: () => [],
  create: (_, { spaceIn, revision }) => ({
    name: "minMax",
    spaceIn,
    spaceOut: "unit",
    revision,
    apply: (scores) => minMaxScale(scores).scores,
  }),
};

const rankParams = z
  .strictObject({ centred: z.boolean().default(false).describe("Ranks from −1 to 1 in place of 0 to 1. Default false.") })
  .describe("Rank among the item's candidates, from 0 to 1; equal scores share the mean of their ranks, a single candidate has ½.");

/** Ranks within the group: any two judges can be joined by them. */
export const rank: TransformKind<typeof rankParams> = {
  method: "rank",
  params: rankParams,
  accepts: SCORE_SPACES,
  spaceOut: () => "rank",
  problems: () => [],
  create: ({ centred }, { spaceIn, revision }) => ({
    name: "rank",
    spaceIn,
    spaceOut: "rank",
    revision,
    apply: centred ? centredRanks : rankScale,
  }),
};
