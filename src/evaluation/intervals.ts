/** Standard normal quantile of 0.975, for intervals of 95 %. */
const Z95 = 1.959964;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson score interval of a proportion of independent trials; sensible at 0, at 1 and for small n.
 *
 * @param successes in [0, n]; halves are allowed, for ties
 * @param n         trials, > 0
 * @param z         normal quantile; default that of 95 %
 * @returns bounds within [0, 1]
 * @see Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
 * @example wilson(10, 10).high // → 1
 */
export function wilson(successes: number, n: number, z: number = Z95): Interval {
  const p = successes / n;
  const z2 = z * z;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Interval of a proportion whose trials come in clusters, such as the pairs within one item, which are not independent:
 * the ratio estimator Σk/Σn with the spread taken between clusters. Where all trials come out alike there is no spread to take, and
 * Wilson's interval of as many independent trials as there are clusters says how sure that is.
 *
 * @param clusters successes k and trials n of each cluster, at least two clusters for an interval that says anything
 * @returns bounds within [0, 1]; [0, 1] of a single cluster whose trials differ
 * @see Cochran 1977, Sampling Techniques, section 6.3
 * @complexity O(clusters), pure
 * @example clusterInterval([{ k: 2, n: 4 }, { k: 2, n: 4 }]).low // → 0.5
 */
export function clusterInterval(clusters: readonly { readonly k: number; readonly n: number }[], z: number = Z95): Interval {
  const m = clusters.length;
  let k = 0;
  let n = 0;
  for (const cluster of clusters) {
    k += cluster.k;
    n += cluster.n;
  }
  if (m > 0 && (k === 0 || k === n)) return wilson(k === 0 ? 0 : m, m, z);
  if (m < 2) return { low: 0, high: 1 };
  const p = k / n;
  let squares = 0;
  for (const cluster of clusters) squares += (cluster.k - p * cluster.n) ** 2;
  const half = (z * Math.sqrt((squares * m) / (m - 1))) / n;
  return { low: Math.max(0, p - half), high: Math.min(1, p + half) };
}
