import { sum } from "./numerics.ts";

/** Mean and spread of some numbers. */
export interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly std: number;
  /** There are fewer than ddof + 1 numbers, so the spread is 0 by convention and not by measurement. */
  readonly degenerate: boolean;
}

/**
 * Mean and variance in two passes: variance = Σ (x[i] − mean)² / (n − ddof).
 *
 * @param xs   finite numbers, shape [n], n ≥ 1
 * @param ddof what is taken off the divisor: 0 for the spread of these numbers, 1 to estimate that of their source
 * @returns the unit of xs, variance in its square; spread 0 and `degenerate` when n ≤ ddof; NaN throughout when n is 0
 * @complexity O(n), pure
 * @example moments([1, 2, 3], 1).variance // → 1
 */
export function moments(xs: ArrayLike<number>, ddof: number): Moments {
  const n = xs.length;
  const mean = sum(xs) / n;
  if (n <= ddof) return { mean, variance: 0, std: 0, degenerate: true };
  const squares = new Float64Array(n);
  for (let i = 0; i < n; i++) squares[i] = (xs[i]! - mean) ** 2;
  const variance = sum(squares) / (n - ddof);
  return { mean, variance, std: Math.sqrt(variance), degenerate: false };
}
