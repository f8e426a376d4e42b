import { type Optional, requireFinite } from "../../reward/missing.ts";
import { moments } from "../../reward/moments.ts";

/** When enough votes were drawn. */
export interface EnoughRule {
  /** Votes that are always drawn, ≥ 1. */
  readonly min: number;
  /** Most votes, ≥ min. */
  readonly max: number;
  /** Fewest votes that must be readable; absent: more than half of those that were drawn. */
  readonly minValid?: number | undefined;
  /** Enough is a standard error of the mean of no more than this, > 0. */
  readonly standardError?: number | undefined;
  /** Enough is a mean that lies more than two standard errors from this score. */
  readonly threshold?: number | undefined;
  /** Variance of a vote that was drawn evenly from the scale, from {@link evenVoteVariance}. */
  readonly evenVariance: number;
}

/** Why no further vote is drawn: the mean is precise enough, on one side of the threshold, or enough votes can no longer be had. */
export type Stop = "precise" | "decided" | "max_samples" | "too_few";

/** What the votes so far come to. */
export interface VotesSoFar {
  readonly drawn: number;
  readonly read: number;
  /** Null where none could be read. */
  readonly standardError: Optional;
  /** Undefined while another vote is worth its cost. */
  readonly stop: Stop | undefined;
}

/** Standard errors between a mean and a threshold that decide. */
const DECISIVE = 2;

/**
 * Whether to draw another vote. Votes are drawn one after the other, so the same votes always stop at the same place. Precision and
 * decision count once `min` votes are drawn and enough of them can be read; nothing is drawn beyond `max`, nor when so many could not
 * be read that the rest would not make up for it.
 *
 * @param votes shape [drawn], each in [0, 1], in the order in which they were drawn; null where an answer could not be read
 * @throws {GatewayError} SCORE_NOT_FINITE when a vote is NaN or infinite
 * @complexity O(drawn), pure
 * @example enoughVotes([1, 1], { min: 2, max: 8, standardError: 0.1, evenVariance: 1 / 12 }).stop // → undefined
 */
export function enoughVotes(votes: readonly Optional[], rule: EnoughRule): VotesSoFar {
  const { min, max, minValid, standardError, threshold, evenVariance } = rule;
  requireFinite(votes, "a sampled score");
  const valid = votes.filter((vote): vote is number => vote !== null);
  const [drawn, read] = [votes.length, valid.length];
  const error = read === 0 ? null : moderatedError(valid, evenVariance);
  const leastOf = (count: number) => minValid ?? Math.floor(count / 2) + 1;
  const stop = (): Stop | undefined => {
    if (drawn < min) return undefined;
    if (error !== null && read >= leastOf(drawn)) {
      if (standardError !== undefined && error <= standardError) return "precise";
      if (threshold !== undefined && Math.abs(moments(valid, 0).mean - threshold) > DECISIVE * error) return "decided";
    }
    if (drawn >= max) return "max_samples";
    return read + max - drawn < leastOf(max) ? "too_few" : undefined;
  };
  return { drawn, read, standardError: error, stop: stop() };
}

/**
 * Standard error of the mean of a few votes: √(Σ (v[i] − v̄)² + τ²) / n, where τ² is the variance of a vote drawn evenly from the scale.
 *
 * The usual one, s/√n, is 0 for two votes that agree, which says more than two votes can. Here the variance is moderated by a prior of
 * one degree of freedom, (Σ (v[i] − v̄)² + τ²) / (n − 1 + 1): votes that all agree leave τ/n, and votes that spread soon outweigh it. For votes of
 * yes and no it is the half-width of Wilson's interval at z = 1, (n + 1)/n times.
 *
 * @param votes        shape [n], n ≥ 1, each in [0, 1]
 * @param evenVariance τ², in (0, ¼]
 * @returns in (0, ½], in the unit of the votes
 * @complexity O(n), pure
 * @see Smyth 2004, Linear Models and Empirical Bayes Methods for Assessing Differential Expression in Microarray Experiments, for the variance
 * @see Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
 * @example moderatedError([1, 1, 1, 1], 1 / 4) // → 0.125
 */
export function moderatedError(votes: readonly number[], evenVariance: number): number {
  const n = votes.length;
  return Math.sqrt(moments(votes, 0).variance * n + evenVariance) / n;
}

/**
 * Variance of a vote that is drawn evenly from a scale from 0 to 1: (k + 1) / (12·(k − 1)) for k equally spaced values, which is ¼ for yes and no, and
 * 1/12 where every number is possible.
 *
 * @param values how many values the scale has, ≥ 2; absent: every number
 * @complexity O(1), pure
 * @example evenVoteVariance(2) // → 0.25
 */
export function evenVoteVariance(values = Number.POSITIVE_INFINITY): number {
  return values === Number.POSITIVE_INFINITY ? 1 / 12 : (values + 1) / (12 * (values - 1));
}
