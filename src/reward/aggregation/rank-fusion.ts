import { z } from "zod";
import type { Aggregate, CandidateScores } from "../../domain/reward.ts";
import type { AggregationKind } from "../kinds.ts";
import { type Optional, requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";
import { averageRanks } from "../ranks.ts";
import { idleProblems } from "./equal-members.ts";

const bordaParams = z
  .strictObject({})
  .describe("Weighted mean over the members of the share of the group that a candidate beats. Only ranks count, so spaces may differ.");

const reciprocalParams = z
  .strictObject({
    k: z.number().positive().default(60).describe("Above 0. The larger, the less the first places stand out. Default 60."),
  })
  .describe("Σ weight / (k + rank) over the members, rank 1 for the best of the group. Only ranks count, so spaces may differ.");

/** One judge's ranking of a group. */
export interface Ranking {
  /** Average ranks, 1 for the best, shape [N]; a candidate without a score stands in the middle. */
  readonly ranks: Float64Array;
  /** How many candidates were ranked; a judge that scored none takes all N for equals. */
  readonly ranked: number;
}

/**
 * Ranks a group by one judge's scores, the best first. Candidates without a score get the mean rank of those with one.
 *
 * @param scores shape [N]; null is missing
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(N log N), pure
 * @example rankGroup([0.2, 0.9, null]).ranks[0] // → 2
 */
export function rankGroup(scores: readonly Optional[]): Ranking {
  requireFinite(scores, "a score");
  const there = scores.flatMap((score, i) => (score === null ? [] : [i]));
  const ranked = there.length > 0 ? there.length : scores.length;
  const ranks = new Float64Array(scores.length).fill((ranked + 1) / 2);
  const ascending = averageRanks(there.map((i) => -scores[i]!));
  for (const [place, i] of there.entries()) ranks[i] = ascending[place]!;
  return { ranks, ranked };
}

/** (n − rank)/(n − 1): the share of the others that the rank is better than, ½ when there are none. */
function bordaPoints({ ranks, ranked }: Ranking): Float64Array {
  return ranks.map((rank) => (ranked < 2 ? 0.5 : (ranked - rank) / (ranked - 1)));
}

/**
 * Borda count of a group: s[i] = Σ_j w[j]·(n[j] − rank[j][i])/(n[j] − 1) / Σ_j w[j], where judge j ranks n[j] candidates. A
 * candidate without a score of a judge, and a group of one, get ½ from it.
 *
 * @param scores  one row per judge, shape [J][N]; null is missing; spaces may differ from judge to judge
 * @param weights shape [J], ≥ 0, not all 0
 * @returns shape [N], in [0, 1], request order
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(J·N log N), pure
 * @example borda([[1, 0], [0.4, 0.6]], [3, 1])[0] // → 0.75
 */
export function borda(scores: readonly (readonly Optional[])[], weights: ArrayLike<number>): Float64Array {
  const total = sum(weights);
  const points = scores.map((row) => bordaPoints(rankGroup(row)));
  return Float64Array.from(scores[0] ?? [], (_, i) => sum(points.map((row, j) => weights[j]! * row[i]!)) / total);
}

/**
 * Reciprocal rank fusion of a group: s[i] = Σ_j w[j]/(k + rank[j][i]).
 *
 * @param scores one row per judge, shape [J][N]; null is missing and takes the mean rank; spaces may differ
 * @param weights shape [J], ≥ 0
 * @param k      > 0; 60 is usual
 * @returns shape [N], in (0, Σw/(k + 1)], request order
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(J·N log N), pure
 * @see Cormack, Clarke and Büttcher 2009, Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods
 * @example reciprocalRank([[0.2, 0.9]], [1], 1)[1] // → 0.5
 */
export function reciprocalRank(scores: readonly (readonly Optional[])[], weights: ArrayLike<number>, k: number): Float64Array {
  const ranks = scores.map((row) => rankGroup(row).ranks);
  return Float64Array.from(scores[0] ?? [], (_, i) => sum(ranks.map((row, j) => weights[j]! / (k + row[i]!))));
}

/**
 * Fuses a group member by member: each member ranks the candidates that it has, and gives each of them points.
 *
 * @param pointsOf points per candidate from a ranking
 * @param shares   what a candidate's weights count, from the effective ones
 */
function fuse(
  group: readonly CandidateScores[],
  pointsOf: (ranking: Ranking) => Float64Array,
  shares: (weights: Float64Array) => Float64Array,
): Aggregate[] {
  const members = [...new Set(group.flatMap(({ members }) => members))];
  const points = new Map<number, Float64Array>();
  for (const member of members) {
    const row = group.map((entry) => entry.scores[entry.members.indexOf(member)] ?? null);
    points.set(member, pointsOf(rankGroup(row)));
  }
  return group.map((entry, i) => {
    const weights = shares(entry.weights);
    const contributions = weights.map((weight, place) => weight * points.get(entry.members[place]!)![i]!);
    return { reward: sum(contributions), contributions, weights };
  });
}

/** Mean share of the group that is beaten. A missing member's share goes to the others, as the failure policy says. */
export const bordaKind: AggregationKind<typeof bordaParams> = {
  method: "borda",
  params: bordaParams,
  accepts: "any",
  spaceOut: () => "rank",
  problems: (_, members) => idleProblems(members),
  create: (_, { spaceOut, revision }) => ({
    method: "borda",
    spaceOut,
    revision,
    weighs: true,
    shares: true,
    aggregate: (group) =>
      fuse(group, bordaPoints, (weights) => {
        const total = sum(weights);
        return weights.map((weight) => weight / total);
      }),
  }),
};

/** Reciprocal ranks, added up. */
export const reciprocalRankKind: AggregationKind<typeof reciprocalParams> = {
  method: "reciprocalRank",
  params: reciprocalParams,
  accepts: "any",
  spaceOut: () => "rank",
  problems: (_, members) => idleProblems(members),
  create: ({ k }, { spaceOut, revision }) => ({
    method: "reciprocalRank",
    spaceOut,
    revision,
    weighs: true,
    aggregate: (group) =>
      fuse(
        group,
        ({ ranks }) => ranks.map((rank) => 1 / (k + rank)),
        (weights) => weights,
      ),
  }),
};
