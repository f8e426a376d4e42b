import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { quantileSorted } from "../reward/numerics.ts";
import type { Interval } from "./intervals.ts";

/** How a bootstrap draws. */
export interface BootstrapOptions {
  /** A whole number; the same one draws the same samples. */
  readonly seed: number;
  /** Samples to draw; 1,000 for intervals of 95 %. */
  readonly samples: number;
}

/**
 * Statistics of samples drawn with replacement from clusters of items, such as the pairs of one prompt: a cluster is drawn
 * whole, since its items are not independent.
 *
 * @param clusters indices of the items of each cluster, at least one cluster
 * @param measure  statistics of a sample, given as indices of items with repetitions; always the same names
 * @returns the statistics of each sample, in order
 * @complexity O(samples · cost of measure); decided by the seed
 * @see Efron and Tibshirani 1993, An Introduction to the Bootstrap
 * @example resample([[0], [1]], ([i]) => ({ first: i * 0 }), { seed: 0, samples: 2 }).length // → 2
 */
export function resample<T>(
  clusters: readonly (readonly number[])[],
  measure: (items: readonly number[]) => T,
  { seed, samples }: BootstrapOptions,
): T[] {
  const random = xoroshiro128plus(seed);
  return Array.from({ length: samples }, () => {
    const items: number[] = [];
    for (let drawn = 0; drawn < clusters.length; drawn++) {
      // No spread: a cluster may have more items than a call takes arguments.
      for (const item of clusters[uniformInt(random, 0, clusters.length - 1)]!) items.push(item);
    }
    return measure(items);
  });
}

/**
 * Basic bootstrap interval of 95 %: the spread of the samples, mirrored at the estimate. A statistic that resampling pushes
 * upwards, as it does calibration errors, gets an interval that takes the push back; that of percentiles would keep it twice.
 *
 * @param estimate the statistic of the data
 * @param samples  the statistic of each sample, shape [B], B ≥ 1
 * @complexity O(B log B), pure
 * @see Davison and Hinkley 1997, Bootstrap Methods and their Application, section 5.2
 * @example basicInterval(1, [1, 1]).high // → 1
 */
export function basicInterval(estimate: number, samples: ArrayLike<number>): Interval {
  const sorted = Float64Array.from(samples).sort();
  return { low: 2 * estimate - quantileSorted(sorted, 0.975), high: 2 * estimate - quantileSorted(sorted, 0.025) };
}
