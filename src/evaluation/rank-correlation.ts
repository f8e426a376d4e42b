import type { Optional } from "../reward/missing.ts";

export { pearson, spearman } from "../reward/correlation.ts";

/**
 * The items that both sides have, in order.
 *
 * @param a shape [n]; null is missing
 * @param b shape [n]; null is missing
 * @returns the values of both sides where neither is null, shape [m], m ≤ n
 * @complexity O(n), pure
 * @example presentPairs([1, null, 3], [4, 5, 6]).b.length // → 2
 */
export function presentPairs(a: readonly Optional[], b: readonly Optional[]): { readonly a: Float64Array; readonly b: Float64Array } {
  const both = a.flatMap((x, i) => (x === null || b[i] === null ? [] : [i]));
  return { a: Float64Array.from(both, (i) => a[i]!), b: Float64Array.from(both, (i) => b[i]!) };
}

/**
 * Kendall's rank correlation with ties, τ-b = (C − D) / √((P − Ta)(P − Tb)): concordant less discordant pairs, over all
 * pairs P without those tied on either side.
 *
 * @param a shape [n]
 * @param b shape [n]
 * @returns a number in [−1, 1]; undefined when n < 2 or one side is constant
 * @complexity O(n²), pure
 * @see Kendall 1945, The Treatment of Ties in Ranking Problems
 * @example kendallTauB([1, 2, 3], [1, 3, 2]) // → 0.3333333333333333
 */
export function kendallTauB(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  let balance = 0;
  let apartA = 0;
  let apartB = 0;
  for (let i = 1; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const byA = Math.sign(a[i]! - a[j]!);
      const byB = Math.sign(b[i]! - b[j]!);
      balance += byA * byB;
      apartA += Math.abs(byA);
      apartB += Math.abs(byB);
    }
  }
  return apartA === 0 || apartB === 0 ? undefined : balance / Math.sqrt(apartA * apartB);
}
