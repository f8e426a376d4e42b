import type { Moments } from "./moments.ts";
import { sum } from "./numerics.ts";

/** What a stream of numbers leaves behind: enough for mean, spread and range, and to be joined with another stream's. */
export interface RunningMoments {
  readonly n: number;
  readonly mean: number;
  /** Σ (x − mean)². */
  readonly squares: number;
  /** +∞ before the first number. */
  readonly min: number;
  /** −∞ before the first number. */
  readonly max: number;
}

/** The state before the first number. */
export const NOTHING_SEEN: RunningMoments = { n: 0, mean: 0, squares: 0, min: Infinity, max: -Infinity };

/**
 * The state of two streams as if they were one: mean = mean_a + δ·n_b/n, squares = squares_a + squares_b + δ²·n_a·n_b/n,
 * where δ = mean_b − mean_a.
 *
 * @complexity O(1), pure
 * @see Chan, Golub and LeVeque 1979, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances
 * @example mergeMoments(NOTHING_SEEN, NOTHING_SEEN).n // → 0
 */
export function mergeMoments(a: RunningMoments, b: RunningMoments): RunningMoments {
  // Not only a shortcut: the state before the first number has no mean to be a distance from.
  if (a.n === 0) return b;
  if (b.n === 0) return a;
  const n = a.n + b.n;
  const delta = b.mean - a.mean;
  return {
    n,
    mean: a.mean + (delta * b.n) / n,
    squares: a.squares + b.squares + delta * delta * ((a.n * b.n) / n),
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/**
 * The state after one more batch of the stream.
 *
 * @param state what was seen before
 * @param batch finite numbers, shape [n]; an empty batch changes nothing
 * @complexity O(n), pure
 * @see Welford 1962, Note on a Method for Calculating Corrected Sums of Squares and Products
 * @example addBatch(NOTHING_SEEN, [1, 3]).mean // → 2
 */
export function addBatch(state: RunningMoments, batch: ArrayLike<number>): RunningMoments {
  const n = batch.length;
  if (n === 0) return state;
  const values = Float64Array.from(batch);
  const mean = sum(values) / n;
  const squares = sum(values.map((x) => (x - mean) ** 2));
  const min = values.reduce((least, x) => Math.min(least, x));
  const max = values.reduce((most, x) => Math.max(most, x));
  return mergeMoments(state, { n, mean, squares, min, max });
}

/**
 * Mean and spread of everything that a stream has seen: variance = squares / (n − ddof).
 *
 * @param ddof 0 for the spread of the stream, 1 to estimate that of its source
 * @returns spread 0 and `degenerate` when n ≤ ddof; a mean that is no number when n is 0
 * @complexity O(1), pure
 * @example momentsOf(addBatch(NOTHING_SEEN, [1, 3]), 0).std // → 1
 */
export function momentsOf(state: RunningMoments, ddof: number): Moments {
  const mean = state.n === 0 ? Number.NaN : state.mean;
  if (state.n <= ddof) return { mean, variance: 0, std: 0, degenerate: true };
  const variance = state.squares / (state.n - ddof);
  return { mean, variance, std: Math.sqrt(variance), degenerate: false };
}
