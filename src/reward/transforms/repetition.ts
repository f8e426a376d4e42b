/**
 * Penalty for repeated n-grams: (1 − distinct / total) · maxPenalty.
 *
 * @param ids        token ids of a completion, shape [T]
 * @param n          length of the n-grams, ≥ 1
 * @param maxPenalty what a completion of one repeated n-gram would come close to, ≤ 0
 * @returns a number between maxPenalty and 0; 0 for fewer than n tokens
 * @complexity O(T·n), pure
 * @see Yeo et al. 2025, Demystifying Long Chain-of-Thought Reasoning in LLMs, arXiv:2502.03373
 * @example repetitionPenalty([5, 5, 5, 5, 5], 2, -1) // → -0.75
 */
export function repetitionPenalty(ids: ArrayLike<number>, n: number, maxPenalty: number): number {
  const total = ids.length - n + 1;
  if (total < 1) return 0;
  const tokens = Array.from(ids);
  const distinct = new Set(Array.from({ length: total }, (_, start) => tokens.slice(start, start + n).join(" ")));
  return distinct.size === total ? 0 : (1 - distinct.size / total) * maxPenalty;
}
