/** Scalar functions in the forms that keep their precision in both tails. Natural logarithms, IEEE doubles. */

/**
 * softplus(x) = max(x, 0) + log1p(exp(−|x|)).
 *
 * @param x any finite number
 * @returns a number ≥ 0
 * @example softplus(0) // → 0.6931471805599453
 */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * log σ(x) = −softplus(−x). Exact where log(sigmoid(x)) would give −∞ (x < −745) or lose the tail (x > 37).
 *
 * @param x logit
 * @returns natural logarithm of a probability, ≤ 0
 * @example logSigmoid(0) // → -0.6931471805599453
 */
export function logSigmoid(x: number): number {
  return -softplus(-x);
}

/**
 * σ(x) = 1 / (1 + e^−x), without overflow on either side.
 *
 * @param x logit
 * @returns a number in [0, 1]
 * @example sigmoid(0) // → 0.5
 */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/**
 * log Σ exp(x[i]), shifted by the maximum.
 *
 * @param xs shape [n]; −∞ is allowed
 * @returns −∞ when n is 0 or every entry is −∞
 * @complexity O(n)
 * @example logSumExp([0, 0]) // → 0.6931471805599453
 */
export function logSumExp(xs: ArrayLike<number>): number {
  let max = -Infinity;
  for (let i = 0; i < xs.length; i++) max = Math.max(max, xs[i]!);
  if (max === -Infinity) return -Infinity;
  const terms = new Float64Array(xs.length);
  for (let i = 0; i < xs.length; i++) terms[i] = Math.exp(xs[i]! - max);
  return max + Math.log(sum(terms));
}

/**
 * Softmax: p[i] = exp(x[i]) / Σ exp(x[j]), shifted by the maximum.
 *
 * @param xs logits, shape [n], n ≥ 1; −∞ is allowed, but not everywhere
 * @returns probabilities that sum to 1, shape [n], same order
 * @complexity O(n), pure
 * @example softmax([0, 0])[0] // → 0.5
 */
export function softmax(xs: ArrayLike<number>): Float64Array {
  let max = -Infinity;
  for (let i = 0; i < xs.length; i++) max = Math.max(max, xs[i]!);
  const powers = Float64Array.from(xs, (x) => Math.exp(x - max));
  const total = sum(powers);
  return powers.map((power) => power / total);
}

/**
 * Σ x[i] with Neumaier's compensation: the error does not grow with n.
 *
 * @param xs shape [n]
 * @returns 0 when n is 0
 * @complexity O(n)
 * @see Neumaier 1974, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen
 * @example sum([1e16, 1, -1e16]) // → 1
 */
export function sum(xs: ArrayLike<number>): number {
  let total = 0;
  let compensation = 0;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    const next = total + x;
    compensation += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total;
    total = next;
  }
  return total + compensation;
}

/**
 * Quantile by linear interpolation between order statistics at (n − 1)·q (type 7, the default of R and NumPy).
 *
 * @param xs shape [n], n ≥ 1, any order; not changed
 * @param q in [0, 1]
 * @returns a number between the least and the greatest entry
 * @complexity O(n log n)
 * @see Hyndman and Fan 1996, Sample Quantiles in Statistical Packages
 * @example quantile([4, 1, 3, 2], 0.5) // → 2.5
 */
export function quantile(xs: ArrayLike<number>, q: number): number {
  return quantileSorted(Float64Array.from(xs).sort(), q);
}

/**
 * The quantile of {@link quantile} where the numbers are sorted already.
 *
 * @param sorted shape [n], n ≥ 1, ascending
 * @param q      in [0, 1]
 * @complexity O(1)
 * @example quantileSorted([1, 2, 3, 4], 0.5) // → 2.5
 */
export function quantileSorted(sorted: ArrayLike<number>, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}
