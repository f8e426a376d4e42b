/**
 * Ranks from 1 upwards in ascending order; equal values share the mean of their places.
 *
 * @param values finite numbers, shape [n]
 * @returns shape [n], same order, sum n(n + 1)/2
 * @complexity O(n log n), pure
 * @example averageRanks([7, 3, 7])[0] // → 2.5
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  // Places from the first equal value to the first greater one, counted from 1, have this mean.
  return Float64Array.from(values, (value) => (countBelow(sorted, value, false) + countBelow(sorted, value, true) + 1) / 2);
}

/** How many of the ascending values are less than a bound, or equal to it as well. */
function countBelow(sorted: Float64Array, bound: number, orEqual: boolean): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    const value = sorted[middle]!;
    if (value < bound || (orEqual && value === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
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
