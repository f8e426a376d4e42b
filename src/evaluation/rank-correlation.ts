/**
 * Spearman's rank correlation: Pearson's correlation of average ranks.
 *
 * @param a shape [n]
 * @param b shape [n]
 * @returns a number in [−1, 1]; undefined when n < 2 or one side is constant
 * @complexity O(n log n)
 * @example spearman([1, 2, 3], [10, 20, 30]) // → 1
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  return pearson(averageRanks(a), averageRanks(b));
}

/**
 * Ranks from 1; equal values share the mean of their places.
 *
 * @returns shape [n], same order
 * @example averageRanks([7, 3, 7])[0] // → 2.5
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let place = start; place < end; place++) ranks[order[place]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function pearson(a: Float64Array, b: Float64Array): number | undefined {
  const n = a.length;
  if (n < 2) return undefined;
  const meanA = a.reduce((total, x) => total + x, 0) / n;
  const meanB = b.reduce((total, x) => total + x, 0) / n;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i]! - meanA;
    const y = b[i]! - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? undefined : ab / Math.sqrt(aa * bb);
}
