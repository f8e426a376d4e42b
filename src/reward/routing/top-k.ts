import { logSumExp, sum } from "../numerics.ts";

/** How experts are chosen. */
export interface TopKOptions {
  /** Experts that are chosen, ≥ 1; all of them when there are fewer. */
  readonly k: number;
  /** Unit of the logits, > 0. */
  readonly temperature: number;
  /** Entropy in nats above which the router is too unsure and the default takes the item; Infinity for no limit. */
  readonly maxEntropy: number;
}

/** A choice of experts. Shapes [E] and [chosen]. */
export interface TopKRoute {
  /** softmax(logits/T), shape [E]; all NaN when a logit is. */
  readonly probabilities: Float64Array;
  /** Chosen experts, the most probable first; the lower index first among equals. */
  readonly selected: readonly number[];
  /** Their probabilities, scaled to a total of 1. */
  readonly weights: Float64Array;
  /** −Σ p·ln p in nats, in [0, ln E]: 0 is sure. */
  readonly entropy: number;
  /** A logit is NaN or the entropy is above its limit: the default takes the item, and nothing is selected. */
  readonly undecided: boolean;
}

/**
 * Routes to the k most probable experts of softmax(logits/T).
 *
 * @param logits shape [E], E ≥ 1; −∞ excludes an expert
 * @complexity O(E log E), pure
 * @see Quan 2024, DMoERM: Recipes of Mixture-of-Experts for Effective Reward Modeling, arXiv:2403.01197
 * @example routeTopK([1, 3, 0.5], { k: 1, temperature: 1, maxEntropy: Infinity }).selected[0] // → 1
 */
export function routeTopK(logits: ArrayLike<number>, { k, temperature, maxEntropy }: TopKOptions): TopKRoute {
  const scaled = Float64Array.from(logits, (logit) => logit / temperature);
  const total = logSumExp(scaled);
  const logs = scaled.map((x) => x - total);
  const probabilities = logs.map((log) => Math.exp(log));
  const entropy = sum(logs.map((log, e) => (probabilities[e] === 0 ? 0 : -probabilities[e]! * log)));
  const decided = !Number.isNaN(entropy) && entropy <= maxEntropy;
  const ranked = Array.from(logs, (_, e) => e).sort((a, b) => logs[b]! - logs[a]!);
  const selected = decided ? ranked.slice(0, k) : [];
  const mass = sum(selected.map((e) => probabilities[e]!));
  return {
    probabilities,
    selected,
    weights: Float64Array.from(selected, (e) => probabilities[e]! / mass),
    entropy,
    undecided: !decided,
  };
}
