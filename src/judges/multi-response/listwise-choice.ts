import { requireFinite } from "../../reward/missing.ts";
import { logSumExp, softmax } from "../../reward/numerics.ts";
import { argMax } from "../../reward/ranks.ts";

/** What scores of one forward pass say of which candidate is best. */
export interface ListwiseChoice {
  /** Softmax of the scores: how likely each candidate is the best of these, shape [N], sum 1. */
  readonly probabilities: Float64Array;
  /** Index of the best; the lowest among equals. */
  readonly best: number;
}

/**
 * Probabilities over the candidates of one pass. Scores of a pass are relative: adding a number to all of them changes nothing.
 *
 * @param scores logits, shape [N], N ≥ 1
 * @throws {GatewayError} SCORE_NOT_FINITE when one score is NaN or infinite, which spoils the whole pass
 * @complexity O(N), pure
 * @see Yang et al. 2026, You Only Judge Once: Multi-response Reward Modeling in a Single Forward Pass, arXiv:2604.10966
 * @example listwiseChoice([0, 0]).probabilities[1] // → 0.5
 */
export function listwiseChoice(scores: readonly number[]): ListwiseChoice {
  requireFinite(scores, "a score of the pass");
  return { probabilities: softmax(scores), best: argMax(scores) };
}

/**
 * The loss that such a judge is trained and measured by: log Σ_j exp(s[j]) − s[target]. For two candidates it is that of Bradley–Terry,
 * −log σ(s[target] − s[other]); for one it is 0.
 *
 * @param scores logits, shape [N]
 * @param target index of the candidate that people preferred
 * @returns nats, ≥ 0
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(N), pure
 * @see Yang et al. 2026, arXiv:2604.10966
 * @example listwiseLoss([3], 0) // → 0
 */
export function listwiseLoss(scores: readonly number[], target: number): number {
  requireFinite(scores, "a score of the pass");
  // Taking the target off first keeps what is left of two nearly equal numbers.
  return logSumExp(scores.map((score) => score - scores[target]!));
}
