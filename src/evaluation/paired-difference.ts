import { sum } from "../reward/numerics.ts";
import type { Interval } from "./intervals.ts";

/**
 * Exact p-value of McNemar's test: how likely a split of the discordant items as uneven as this, or more, is if each falls to either side
 * by a fair coin. Two-sided, 2·P(X ≤ min | n, ½), at most 1. With items that hold several comparisons it is the sign test of which side
 * did better.
 *
 * @param onlyA items that only the first judge has right, ≥ 0
 * @param onlyB items that only the second has right, ≥ 0
 * @returns in (0, 1]; 1 when there are none
 * @complexity O(onlyA + onlyB), pure
 * @see McNemar 1947, Note on the Sampling Error of the Difference Between Correlated Proportions or Percentages
 * @example mcnemarExact(0, 1) // → 1
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  let logChoose = 0;
  const tail = Array.from({ length: fewer + 1 }, (_, k) => {
    if (k > 0) logChoose += Math.log((n - k + 1) / k);
    return Math.exp(logChoose - n * Math.LN2);
  });
  return Math.min(1, 2 * sum(tail));
}

/** What two judges got right of the comparisons of one cluster; a tie is half a right one. */
export interface PairedCounts {
  readonly a: number;
  readonly b: number;
  /** Comparisons, ≥ 1. */
  readonly n: number;
}

/** How much more accurate the second judge is than the first. */
export interface PairedDifference extends Interval {
  /** Σ(b − a)/Σn, in [−1, 1]. */
  readonly difference: number;
}

/**
 * Difference of two judges' accuracies on the same comparisons, with an interval of 95 %: a ratio estimate over clusters, such as
 * prompts, which are independent where comparisons within one are not.
 *
 * @param clusters at least one; with one, the interval is [−1, 1]
 * @complexity O(clusters), pure
 * @see Cochran 1977, Sampling Techniques, section 6.3
 * @example pairedDifference([{ a: 0, b: 1, n: 1 }, { a: 1, b: 1, n: 1 }]).difference // → 0.5
 */
export function pairedDifference(clusters: readonly PairedCounts[]): PairedDifference {
  const m = clusters.length;
  const n = sum(clusters.map((cluster) => cluster.n));
  const difference = sum(clusters.map(({ a, b }) => b - a)) / n;
  if (m < 2) return { difference, low: -1, high: 1 };
  const squares = sum(clusters.map(({ a, b, n: own }) => (b - a - difference * own) ** 2));
  const half = (1.959963984540054 * Math.sqrt((squares * m) / (m - 1))) / n;
  return { difference, low: Math.max(-1, difference - half), high: Math.min(1, difference + half) };
}
