import { sum } from "../reward/numerics.ts";
import type { Interval } from "./intervals.ts";

/** Fewest groups that say anything of a spread. */
const LEAST_GROUPS = 5;

/**
 * Interval of 95 % of a statistic of clusters that are independent of each other, by the delete-a-group jackknife: clusters go to
 * groups by turns, the statistic is computed without each group in turn, and its variance is (G − 1)/G · Σ (t[g] − t̄)². Student's
 * quantile with G − 1 degrees of freedom. It needs no random numbers, and serves any smooth statistic: a correlation, a slope, a mean loss.
 *
 * @param clusters  such as the items of one prompt; their order decides the groups
 * @param statistic of any subset of the clusters; undefined where it has no value
 * @param groups    G, ≥ 5; of fewer clusters, each is its own group
 * @returns around the statistic of all clusters; undefined with fewer than five groups, or when a statistic is undefined
 * @complexity G + 1 times that of the statistic, pure
 * @see Kott 2001, The Delete-a-Group Jackknife
 * @example jackknifeInterval([1, 1, 1, 1, 1], (kept) => kept.length / kept.length, 5).low // → 1
 */
export function jackknifeInterval<T>(
  clusters: readonly T[],
  statistic: (kept: readonly T[]) => number | undefined,
  groups: number,
): Interval | undefined {
  const g = Math.min(groups, clusters.length);
  const whole = statistic(clusters);
  if (g < LEAST_GROUPS || whole === undefined) return undefined;
  const without: number[] = [];
  for (let left = 0; left < g; left++) {
    const value = statistic(clusters.filter((_, i) => i % g !== left));
    if (value === undefined) return undefined;
    without.push(value);
  }
  const mean = sum(without) / g;
  const variance = ((g - 1) / g) * sum(without.map((value) => (value - mean) ** 2));
  const half = studentQuantile975(g - 1) * Math.sqrt(variance);
  return { low: whole - half, high: whole + half };
}

/**
 * The quantile of 0.975 of Student's t distribution, by the first four terms of its expansion in 1/ν around the normal quantile;
 * relative error below 1e-3.
 *
 * @param freedom degrees of freedom ν, ≥ 4
 * @complexity O(1), pure
 * @see Abramowitz and Stegun 1964, Handbook of Mathematical Functions, 26.7.5
 * @example Math.round(100 * studentQuantile975(29)) // → 205
 */
export function studentQuantile975(freedom: number): number {
  const z = 1.959963984540054;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((value, term, i) => value + term / freedom ** (i + 1), z);
}
