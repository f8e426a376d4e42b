import { type Optional, requireFinite } from "../../reward/missing.ts";
import { moments } from "../../reward/moments.ts";
import { quantile, sum } from "../../reward/numerics.ts";
import type { Verdict } from "./verdict.ts";

/** What several answers of one judge to one question come to. */
export type VotedScore =
  | {
      readonly status: "read";
      /** Answers that could be read. */
      readonly valid: number;
      readonly mean: number;
      readonly median: number;
      /** The most frequent score; the mean of those that are equally frequent. */
      readonly mode: number;
      /** Share of the valid answers that gave the most frequent score, in (0, 1]. */
      readonly agreement: number;
      /** Spread of these answers (ddof 0). */
      readonly std: number;
      /** Standard error of the mean (ddof 1); null for a single answer. */
      readonly sem: Optional;
    }
  /** Fewer answers could be read than were asked for. */
  | { readonly status: "tooFew"; readonly valid: number };

/**
 * Combines the scores of k sampled answers. Answers that could not be read are left out and never count as a score.
 *
 * @param samples  shape [k]; null where an answer could not be read
 * @param minValid fewest that must be readable, ≥ 1
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(k log k), pure
 * @see Zhang et al. 2024, Generative Verifiers: Reward Modeling as Next-Token Prediction, arXiv:2408.15240
 * @example voteScores([4, null, 4], 2).mean // → 4
 */
export function voteScores(samples: readonly Optional[], minValid: number): VotedScore {
  requireFinite(samples, "a sampled score");
  const valid = samples.filter((sample): sample is number => sample !== null);
  if (valid.length < Math.max(1, minValid)) return { status: "tooFew", valid: valid.length };
  const counts = new Map<number, number>();
  for (const score of valid) counts.set(score, (counts.get(score) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const modes = [...counts].flatMap(([score, count]) => (count === most ? [score] : []));
  const { mean, std } = moments(valid, 0);
  return {
    status: "read",
    valid: valid.length,
    mean,
    median: quantile(valid, 0.5),
    mode: sum(modes) / modes.length,
    agreement: most / valid.length,
    std,
    sem: valid.length < 2 ? null : moments(valid, 1).std / Math.sqrt(valid.length),
  };
}

/**
 * On which side of a threshold the mean lies, once mean ± 2·sem leaves it out; until then another answer may be worth its cost.
 *
 * Two answers that agree have a standard error of 0, which says more than two answers can: ask for at least three before.
 *
 * @returns `open` while the interval holds the threshold, and for fewer than two answers
 * @complexity O(1), pure
 * @example sideOf(voteScores([4, 4, 5], 3), 3) // → "above"
 */
export function sideOf(votes: VotedScore, threshold: number): "above" | "below" | "open" {
  if (votes.status === "tooFew" || votes.sem === null) return "open";
  if (votes.mean - 2 * votes.sem > threshold) return "above";
  return votes.mean + 2 * votes.sem < threshold ? "below" : "open";
}

/**
 * Preference for the first of two candidates over k verdicts: (wins + ½·ties)/valid.
 *
 * @param verdicts shape [k]; null where an answer could not be read
 * @returns probability in [0, 1], null when no verdict could be read
 * @complexity O(k), pure
 * @example votePairwise(["a", "tie", null]).probability // → 0.75
 */
export function votePairwise(verdicts: readonly (Verdict | null)[]): { readonly probability: Optional; readonly valid: number } {
  const credits = verdicts.flatMap((verdict) => (verdict === null ? [] : [verdict === "a" ? 1 : verdict === "tie" ? 0.5 : 0]));
  return { probability: credits.length === 0 ? null : sum(credits) / credits.length, valid: credits.length };
}

/**
 * Mean over the scores that a scalar head gave after each of several critiques.
 *
 * @param scores shape [k]; null where a critique failed
 * @returns mean and standard deviation (ddof 0), null when every critique failed
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(k), pure
 * @see Zhang et al. 2025, MM-RLHF: The Next Step Forward in Multimodal LLM Alignment, arXiv:2502.10391
 * @example critiqueMean([1, null, 2]).mean // → 1.5
 */
export function critiqueMean(scores: readonly Optional[]): { readonly mean: Optional; readonly std: Optional; readonly valid: number } {
  requireFinite(scores, "a score after a critique");
  const valid = scores.filter((score): score is number => score !== null);
  if (valid.length === 0) return { mean: null, std: null, valid: 0 };
  const { mean, std } = moments(valid, 0);
  return { mean, std, valid: valid.length };
}
