import { requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";

/** Rewards of one judge, weighed by how far two of its passes agree. Shapes [N]. */
export interface UncertaintyWeighted {
  /** |a − b|, in the unit of the scores. */
  readonly uncertainty: Float64Array;
  /** e^(−uncertainty/τ), in (0, 1]. */
  readonly weights: Float64Array;
  /** weight · (a + b)/2. */
  readonly rewards: Float64Array;
}

/**
 * Weighs rewards by the agreement of two passes of one judge under different noise: U = |a − b|, weight = e^(−U/τ), reward =
 * weight·(a + b)/2. A trainer adds U to its loss, or weights would shrink to nothing.
 *
 * @param a   scores of the first pass, shape [N]
 * @param b   scores of the second pass, shape [N]
 * @param tau uncertainty at which a reward counts 1/e, in the unit of the scores, > 0
 * @returns uncertainty, weights and weighed rewards, shape [N], same order
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(N), pure
 * @see Zhang et al. 2024, Ctrl-U: Robust Conditional Image Generation via Uncertainty-aware Reward Modeling, arXiv:2410.11236
 * @example weighByAgreement([0.5], [0.5], 1).rewards[0] // → 0.5
 */
export function weighByAgreement(a: readonly number[], b: readonly number[], tau: number): UncertaintyWeighted {
  requireFinite([...a, ...b], "a score");
  const uncertainty = Float64Array.from(a, (x, i) => Math.abs(x - b[i]!));
  const weights = uncertainty.map((u) => Math.exp(-u / tau));
  return { uncertainty, weights, rewards: weights.map((weight, i) => (weight * (a[i]! + b[i]!)) / 2) };
}

/** A precision-weighted mean. */
export interface InverseVariance {
  readonly score: number;
  /** 1/Σ 1/σ²: variance of the score if the judges err independently. */
  readonly variance: number;
  /** Shape [J], summing to 1. */
  readonly weights: Float64Array;
}

/**
 * Inverse-variance weighted mean: weight[j] ∝ 1/max(σ²[j], floor), variance = 1/Σ_j 1/max(σ²[j], floor).
 *
 * @param scores    one per judge, one common space, shape [J], J ≥ 1
 * @param variances shape [J], ≥ 0
 * @param floor     least variance that is believed, > 0; without one, a judge that claims none would decide alone
 * @throws {GatewayError} SCORE_NOT_FINITE when a score or a variance is NaN or infinite
 * @complexity O(J), pure
 * @example inverseVariance([0, 1], [1, 1], 1e-6).score // → 0.5
 */
export function inverseVariance(scores: readonly number[], variances: readonly number[], floor: number): InverseVariance {
  requireFinite([...scores, ...variances], "a score or a variance");
  const precisions = Float64Array.from(variances, (variance) => 1 / Math.max(variance, floor));
  const total = sum(precisions);
  const weights = precisions.map((precision) => precision / total);
  return { score: sum(weights.map((weight, j) => weight * scores[j]!)), variance: 1 / total, weights };
}
