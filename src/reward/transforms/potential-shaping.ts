import { sum } from "../numerics.ts";

/** Rewards with a shaping term, and the term on its own: a client may blend the two as it learns to. */
export interface ShapedRewards {
  /** r[t] + shaping[t], shape [T]. */
  readonly rewards: Float64Array;
  /** γ · Φ[t + 1] − Φ[t], shape [T]. */
  readonly shaping: Float64Array;
  /** Σ rewards; for γ = 1 that is Σ r − Φ[0]. */
  readonly sum: number;
}

/**
 * Potential-based shaping: r'[t] = r[t] + γ · Φ[t + 1] − Φ[t], with Φ = 0 after the end. It changes no optimal policy.
 *
 * @param rewards    r, shape [T]
 * @param potentials Φ, the same unit, shape [T]
 * @param gamma      discount, in [0, 1]
 * @complexity O(T), pure
 * @see Ng, Harada and Russell 1999, Policy Invariance under Reward Transformations
 * @example shapeByPotential(Float64Array.of(1), Float64Array.of(0.25), 1).rewards[0] // → 0.75
 */
export function shapeByPotential(rewards: Float64Array, potentials: Float64Array, gamma: number): ShapedRewards {
  const shaping = potentials.map((phi, t) => gamma * (potentials[t + 1] ?? 0) - phi);
  const shaped = rewards.map((reward, t) => reward + shaping[t]!);
  return { rewards: shaped, shaping, sum: sum(shaped) };
}
