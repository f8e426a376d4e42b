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
  const fromA = centred(a);
  const fromB = centred(b);
  const product = sum(fromA.map((x, i) => x * fromB[i]!));
  // One root per side: the product of the two sums of squares may leave the range of doubles where neither sum does.
  const scale = Math.sqrt(sum(fromA.map((x) => x * x))) * Math.sqrt(sum(fromB.map((x) => x * x)));
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

function centred(values: ArrayLike<number>): Float64Array {
  const mean = sum(values) / values.length;
  return Float64Array.from(values, (x) => x - mean);
}
