/**
 * Ranks from 1 upwards in ascending order; equal values share the mean of their places.
 *
 * @param values finite numbers, shape [n]
 * @returns shape [n], same order, sum n(n + 1)/2
 * @complexity O(n log n), pure
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

/**
 * Index of the greatest value; the lowest index among equals.
 *
 * @param values finite numbers, shape [n]
 * @returns −1 when n is 0
 * @complexity O(n), pure
 * @example argMax([1, 3, 3]) // → 1
 */
export function argMax(values: ArrayLike<number>): number {
  let best = values.length > 0 ? 0 : -1;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * Index of the least value; the lowest index among equals.
 *
 * @param values finite numbers, shape [n]
 * @returns −1 when n is 0
 * @complexity O(n), pure
 * @example argMin([2, 1, 1]) // → 1
 */
export function argMin(values: ArrayLike<number>): number {
  let best = values.length > 0 ? 0 : -1;
  for (let i = 1; i < values.length; i++) if (values[i]! < values[best]!) best = i;
  return best;
}
