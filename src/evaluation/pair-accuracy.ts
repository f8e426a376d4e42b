/** How comparisons of a better with a worse candidate came out. */
export interface PairCounts {
  readonly right: number;
  readonly ties: number;
  readonly wrong: number;
}

export const NO_PAIRS: PairCounts = { right: 0, ties: 0, wrong: 0 };

/**
 * The counts after one more comparison.
 *
 * @complexity O(1), pure
 * @example countPair(NO_PAIRS, 2, 1).right // → 1
 */
export function countPair(counts: PairCounts, better: number, worse: number): PairCounts {
  if (better > worse) return { ...counts, right: counts.right + 1 };
  return better === worse ? { ...counts, ties: counts.ties + 1 } : { ...counts, wrong: counts.wrong + 1 };
}

/**
 * The sum of two counts.
 *
 * @complexity O(1), pure
 * @example addCounts({ right: 1, ties: 0, wrong: 2 }, { right: 1, ties: 1, wrong: 0 }).right // → 2
 */
export function addCounts(a: PairCounts, b: PairCounts): PairCounts {
  return { right: a.right + b.right, ties: a.ties + b.ties, wrong: a.wrong + b.wrong };
}

/**
 * Comparisons in total.
 *
 * @complexity O(1), pure
 * @example pairsOf({ right: 1, ties: 1, wrong: 2 }) // → 4
 */
export function pairsOf({ right, ties, wrong }: PairCounts): number {
  return right + ties + wrong;
}

/**
 * Share of comparisons in which the better candidate has the higher score.
 *
 * @param tieCredit what a tie is worth, in [0, 1]; default ½, what a coin would get
 * @returns a number in [0, 1]; NaN when there are no comparisons
 * @example pairAccuracy({ right: 2, ties: 1, wrong: 1 }) // → 0.625
 */
export function pairAccuracy(counts: PairCounts, tieCredit = 0.5): number {
  return (counts.right + tieCredit * counts.ties) / pairsOf(counts);
}

/**
 * Compares every pair of one item whose ratings differ.
 *
 * @param scores  shape [n], what is judged
 * @param ratings shape [n], what is right; higher is better, equal ones are not compared
 * @complexity O(n²)
 * @example comparePairs([3, 1], [2, 1]).right // → 1
 */
export function comparePairs(scores: readonly number[], ratings: readonly number[]): PairCounts {
  let counts = NO_PAIRS;
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < i; j++) {
      if (ratings[i] === ratings[j]) continue;
      const [better, worse] = ratings[i]! > ratings[j]! ? [i, j] : [j, i];
      counts = countPair(counts, scores[better]!, scores[worse]!);
    }
  }
  return counts;
}
