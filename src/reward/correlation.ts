import { sum } from "./numerics.ts";
import { averageRanks } from "./ranks.ts";

/**
 * Pearson's correlation: Σ (a[i] − ā)(b[i] − b̄) / √(Σ (a[i] − ā)² · Σ (b[i] − b̄)²).
 *
 * @param a finite numbers, shape [n]
 * @param b finite numbers, shape [n]
 * @returns a number in [−1, 1]; undefined when n < 2 or one side is constant
 * @complexity O(n), pure
 * @example pearson([1, 2, 3], [2, 4, 6]) // → 1
 */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const n = a.length;
  if (n < 2 || isConstant(a) || isConstant(b)) return undefined;
  const fromA = centredToUnit(a);
  const fromB = centredToUnit(b);
  const product = sum(fromA.map((x, i) => x * fromB[i]!));
  // One root of the product keeps a perfect correlation at exactly 1; both sums lie in [1, n], so it stays in range.
  const scale = Math.sqrt(sum(fromA.map((x) => x * x)) * sum(fromB.map((x) => x * x)));
  return Math.min(1, Math.max(-1, product / scale));
}

/**
 * Spearman's rank correlation: Pearson's correlation of average ranks.
 *
 * @param a shape [n]
 * @param b shape [n]
 * @returns a number in [−1, 1]; undefined when n < 2 or one side is constant
 * @complexity O(n log n), pure
 * @example spearman([1, 2, 3], [10, 20, 30]) // → 1
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  return pearson(averageRanks(a), averageRanks(b));
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** Distances from the mean, divided by the largest of them so that squares neither overflow nor vanish. */
function centredToUnit(values: ArrayLike<number>): Float64Array {
  const mean = sum(values) / values.length;
  const distances = Float64Array.from(values, (x) => x - mean);
  const largest = distances.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return distances.map((x) => x / largest);
}
