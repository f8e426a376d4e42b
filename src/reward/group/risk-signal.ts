import { type Optional, requireFinite } from "../missing.ts";
import { quantile } from "../numerics.ts";

/** The two quantiles between which a score counts in full. */
export interface RiskQuantiles {
  readonly down: number;
  readonly up: number;
}

/** Levels of the quantiles, and how much the worst tail counts. */
export interface RiskLevels {
  /** Level of the lower quantile, in (0, 1). */
  readonly alpha: number;
  /** Level of the upper quantile, in (alpha, 1). */
  readonly beta: number;
  /** Weight of the tail below the lower quantile, ≥ 0. */
  readonly tailWeight: number;
  /** Added to the divisors. */
  readonly epsilon: number;
}

/**
 * Quantiles of the scores of a batch of bundles.
 *
 * @param scores sum of the rewards of each bundle's questions, shape [B]; null is dropped
 * @param levels of the two quantiles
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(B log B), pure
 * @example riskQuantiles([0, 1, 2, 3, 4], { alpha: 0.25, beta: 0.75 }).up // → 3
 */
export function riskQuantiles(scores: readonly Optional[], { alpha, beta }: Pick<RiskLevels, "alpha" | "beta">): RiskQuantiles {
  requireFinite(scores, "a bundle's score");
  const there = scores.filter((score) => score !== null);
  return { down: quantile(there, alpha), up: quantile(there, beta) };
}

/**
 * Quantiles that follow a stream: new = (1 − share) · old + share · batch. The first batch gives its own.
 *
 * @param before what was tracked, or undefined before the first batch
 * @param batch  quantiles of the next batch
 * @param share  weight of the batch, in (0, 1]
 * @complexity O(1), pure
 * @example trackQuantiles({ down: 0, up: 4 }, { down: 1, up: 4 }, 0.5).down // → 0.5
 */
export function trackQuantiles(before: RiskQuantiles | undefined, batch: RiskQuantiles, share: number): RiskQuantiles {
  if (before === undefined) return batch;
  const mix = (old: number, fresh: number) => (1 - share) * old + share * fresh;
  return { down: mix(before.down, batch.down), up: mix(before.up, batch.up) };
}

/**
 * Mixed value-at-risk signal of a bundle: (w · CVaR + RVaR) / (w + 1), where
 * RVaR = (max(s − q_d, 0) − max(s − q_u, 0) + q_d − q_u) / (β − α + ε) counts what lies between the quantiles and
 * CVaR = −max(q_d − s, 0) / (α + ε) what lies below them. Hard bundles weigh more; above the upper quantile nothing is gained.
 *
 * @param scores    shape [B]; null is dropped and stays null
 * @param quantiles of this batch, or tracked
 * @param levels    α, β, w and ε
 * @returns signals ≤ 0, shape [B], same order
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(B), pure
 * @see Ren et al. 2025, RiskPO: Risk-based Policy Optimization via Verifiable Reward for LLM Post-Training, arXiv:2510.00911
 * @example riskSignals([3], { down: 1, up: 3 }, { alpha: 0.2, beta: 0.8, tailWeight: 1.5, epsilon: 0 })[0] // → 0
 */
export function riskSignals(
  scores: readonly Optional[],
  { down, up }: RiskQuantiles,
  { alpha, beta, tailWeight, epsilon }: RiskLevels,
): Optional[] {
  requireFinite(scores, "a bundle's score");
  return scores.map((score) => {
    if (score === null) return null;
    const between = (Math.max(score - down, 0) - Math.max(score - up, 0) + down - up) / (beta - alpha + epsilon);
    const tail = Math.max(down - score, 0) / (alpha + epsilon);
    return (between - tailWeight * tail) / (tailWeight + 1);
  });
}
