import { softmax } from "../numerics.ts";

/** How logits of a gating network become weights. */
export interface GatingScale {
  /** Logits are divided by it; above 0. ArmoRM uses 10, MJ-VIDEO 1. */
  readonly temperature: number;
  /** Total of the weights. 1 where nothing learned another. */
  readonly scale: number;
}

/**
 * Weights of objectives from the logits of a gating network: g[k] = scale · softmax(logits / temperature)[k].
 *
 * @param logits  shape [K]; equal ones give equal weights
 * @param options temperature and total
 * @returns gating, ≥ 0, sum = scale, shape [K], same order
 * @complexity O(K), pure
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 * @example gatingOf(Float64Array.of(3, 3), { temperature: 10, scale: 1 })[0] // → 0.5
 */
export function gatingOf(logits: Float64Array, { temperature, scale }: GatingScale): Float64Array {
  return softmax(logits.map((logit) => logit / temperature)).map((share) => scale * share);
}

/**
 * Where the gating network reads the prompt: the first token of the last occurrence of the pattern that ends the user's turn
 * and begins the assistant's.
 *
 * @param ids     token ids of prompt and completion, shape [T]
 * @param pattern token ids of the pattern, shape [P], P ≥ 1
 * @returns index into ids; −1 when the pattern is absent, which no caller may read as position 0
 * @complexity O(T·P), pure
 * @see Wang et al. 2024, arXiv:2406.12845, published code
 * @example gatingPosition([1, 8, 9, 2, 8, 9, 3], [8, 9]) // → 4
 */
export function gatingPosition(ids: ArrayLike<number>, pattern: readonly number[]): number {
  for (let start = ids.length - pattern.length; start >= 0; start--) {
    if (pattern.every((id, i) => ids[start + i] === id)) return start;
  }
  return -1;
}
