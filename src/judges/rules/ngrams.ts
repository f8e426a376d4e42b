/** How often each n-gram of each order occurs. */
export interface NgramCounts {
  /** Number of n-grams of order k + 1, shape [order]. */
  readonly totals: readonly number[];
  /** N-gram → occurrences, per order. */
  readonly counts: readonly ReadonlyMap<string, number>[];
}

/** Keeps the tokens of a key apart; it cannot occur in a token, since tokens hold no spaces. */
const SEPARATOR = " ";

/**
 * Counts the n-grams of orders 1 to `order`.
 *
 * @param tokens without spaces in them, shape [T]
 * @complexity O(T · order²), pure
 */
export function countNgrams(tokens: readonly string[], order: number): NgramCounts {
  const counts = Array.from({ length: order }, () => new Map<string, number>());
  for (let start = 0; start < tokens.length; start++) {
    let key = "";
    for (let n = 0; n < order && start + n < tokens.length; n++) {
      key = n === 0 ? tokens[start]! : key + SEPARATOR + tokens[start + n]!;
      counts[n]!.set(key, (counts[n]!.get(key) ?? 0) + 1);
    }
  }
  return { totals: counts.map((_, n) => Math.max(0, tokens.length - n)), counts };
}

/** Occurrences that both have, per order: Σ min(a, b). */
export function countMatches(a: NgramCounts, b: NgramCounts): number[] {
  return a.counts.map((grams, n) => {
    let matches = 0;
    for (const [gram, count] of grams) matches += Math.min(count, b.counts[n]!.get(gram) ?? 0);
    return matches;
  });
}
