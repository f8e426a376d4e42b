import { logSigmoid, sigmoid, sum } from "../numerics.ts";

/** A preference under a mixture of Bradley–Terry heads. */
export interface MixturePreference {
  /** P_c(a ≻ b) = σ(r_c(a) − r_c(b)), shape [C]. */
  readonly heads: Float64Array;
  /** Σ_c π_c·P_c, in [0, 1]. */
  readonly probability: number;
}

/**
 * Probability that a is preferred to b by a mixture of Bradley–Terry heads: Σ_c π_c·σ(r_c(a) − r_c(b)).
 *
 * @param weights π, the softmax of the router's logits, shape [C], summing to 1
 * @param a       heads' rewards of a, logits, shape [C]
 * @param b       heads' rewards of b, logits, shape [C]
 * @complexity O(C), pure
 * @see Shen et al. 2025, MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning, arXiv:2505.24846
 * @example mixturePreference([0.5, 0.5], [1, 0], [0, 1]).probability // → 0.5
 */
export function mixturePreference(weights: ArrayLike<number>, a: ArrayLike<number>, b: ArrayLike<number>): MixturePreference {
  const heads = Float64Array.from(a, (reward, c) => sigmoid(reward - b[c]!));
  return { heads, probability: sum(heads.map((p, c) => p * weights[c]!)) };
}

/** Two scores of one candidate; neither is a Bradley–Terry score of the mixture, and a calibration of one does not fit the other. */
export interface MixtureScore {
  /** Σ_c π_c·r_c, logits. */
  readonly linear: number;
  /** Σ_c π_c·log σ(r_c), nats, ≤ 0. */
  readonly logSigmoid: number;
}

/**
 * Scores of one candidate under a mixture of heads.
 *
 * @param weights π, shape [C], summing to 1
 * @param rewards heads' rewards, logits, shape [C]
 * @complexity O(C), pure
 * @see Shen et al. 2025, MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning, arXiv:2505.24846
 * @example mixtureScore([0.5, 0.5], [1, 3]).linear // → 2
 */
export function mixtureScore(weights: ArrayLike<number>, rewards: ArrayLike<number>): MixtureScore {
  const weighed = (values: Float64Array) => sum(values.map((value, c) => value * weights[c]!));
  return { linear: weighed(Float64Array.from(rewards)), logSigmoid: weighed(Float64Array.from(rewards, logSigmoid)) };
}

/**
 * What feedback on one pair costs each head: −log σ(r_c(chosen) − r_c(rejected)), the losses that `hedge` adapts the weights by.
 *
 * @param chosen   heads' rewards of the chosen candidate, logits, shape [C]
 * @param rejected heads' rewards of the rejected one, logits, shape [C]
 * @returns nats, ≥ 0, shape [C]
 * @complexity O(C), pure
 * @see Shen et al. 2025, MiCRo: Mixture Modeling and Context-aware Routing for Personalized Preference Learning, arXiv:2505.24846
 * @example headLosses([1], [1])[0] // → 0.6931471805599453
 */
export function headLosses(chosen: ArrayLike<number>, rejected: ArrayLike<number>): Float64Array {
  return Float64Array.from(chosen, (reward, c) => -logSigmoid(reward - rejected[c]!));
}
