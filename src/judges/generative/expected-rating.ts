import { logSumExp, sum } from "../../reward/numerics.ts";
import { argMax } from "../../reward/ranks.ts";
import { listedOf, type TokenLogProbabilities } from "./yes-probability.ts";

/** Whole numbers that a judge may answer with. */
export interface RatingScale {
  /** Least and greatest rating, whole numbers. */
  readonly lo: number;
  readonly hi: number;
  /** Least probability of all ratings together, in [0, 1]; below it the judge abstains. 0.5 is usual. */
  readonly minMass: number;
}

/** A distribution over ratings. */
export type ExpectedRating =
  | {
      readonly status: "read";
      /** Mean rating, in [lo, hi]. */
      readonly rating: number;
      /** Its standard deviation: two peaks and a certain middle have the same mean, and differ here. */
      readonly std: number;
      /** The likeliest rating; the lowest among equals. */
      readonly mode: number;
      /** (rating − lo)/(hi − lo), in [0, 1]. */
      readonly unit: number;
      /** Probability of all ratings together, in [0, 1]. */
      readonly mass: number;
    }
  | { readonly status: "abstained"; readonly mass: number };

/**
 * The rating that a judge gives on average, from the probabilities of the ratings at the position of its answer, renormalised. White space
 * around a rating does not count, and the probabilities of its spellings add up.
 *
 * A rating of several tokens must come as one string with the probability of the whole: where an engine gives the first token only, a
 * "1" that was to become "10" counts as 1, so keep such scales below 10.
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a log-probability is NaN or +∞
 * @complexity O(tokens + hi − lo), pure
 * @see Liu et al. 2023, G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment, arXiv:2303.16634
 * @example expectedRating(new Map([["3", -0.1]]), { lo: 1, hi: 5, minMass: 0.5 }).rating // → 3
 */
export function expectedRating(logProbabilities: TokenLogProbabilities, { lo, hi, minMass }: RatingScale): ExpectedRating {
  const spellings = new Map<string, number[]>();
  for (const [token, value] of listedOf(logProbabilities)) {
    const rating = token.trim();
    spellings.set(rating, [...(spellings.get(rating) ?? []), value]);
  }
  const ratings = Array.from({ length: hi - lo + 1 }, (_, i) => lo + i);
  const logs = ratings.map((rating) => logSumExp(spellings.get(String(rating)) ?? []));
  const total = logSumExp(logs);
  const mass = Math.min(1, Math.exp(total));
  if (mass < minMass || mass === 0) return { status: "abstained", mass };
  const shares = logs.map((log) => Math.exp(log - total));
  const rating = Math.min(hi, Math.max(lo, sum(ratings.map((value, i) => shares[i]! * value))));
  return {
    status: "read",
    rating,
    std: Math.sqrt(sum(ratings.map((value, i) => shares[i]! * (value - rating) ** 2))),
    mode: ratings[argMax(shares)]!,
    unit: (rating - lo) / (hi - lo),
    mass,
  };
}
