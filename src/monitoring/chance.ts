import { sum } from "../reward/numerics.ts";

/**
 * Standard errors that a measure must be away from its baseline before chance is ruled out. Of a normal measure 6 are passed once in
 * 10⁹, so the half million comparisons that a long run makes over all its windows, judges and alarms raise none by chance.
 */
export const CHANCE_ERRORS = 6;

/** Items that are taken together to see whether neighbours are alike. */
const NEIGHBOURS = 25;

/**
 * Standard error of a mean of correlated terms: √(Σ_b (Σ_{i ∈ b} ψ[i])²)/n, once with an item as b and once with {@link NEIGHBOURS}
 * items in a row, whichever is larger. The first counts candidates of one prompt as alike, the second also items that follow each
 * other, as when a trainer sends the candidates of a prompt as items of their own.
 *
 * @param influence ψ, what each item adds to the deviation of the measure, times n, shape [items], order of arrival; sums to about 0
 * @param n         terms of the mean
 * @complexity O(items), pure
 * @see Flegal and Jones 2010, Batch Means and Spectral Variance Estimators in Markov Chain Monte Carlo
 * @example standardError(Float64Array.of(3, -3, 3, -3), 4) // → 1.5
 */
export function standardError(influence: Float64Array, n: number): number {
  const alone = sum(influence.map((term) => term * term));
  const batches = Math.floor(influence.length / NEIGHBOURS);
  // The variance of fewer batches is no better than a guess.
  if (batches < 4) return Math.sqrt(alone) / n;
  const together = Array.from({ length: batches }, (_, b) => sum(influence.subarray(b * NEIGHBOURS, (b + 1) * NEIGHBOURS)) ** 2);
  const scale = influence.length / (batches * NEIGHBOURS);
  return Math.sqrt(Math.max(alone, sum(together) * scale)) / n;
}

/**
 * The value that a χ² variable passes as rarely as a normal one passes {@link CHANCE_ERRORS} standard errors, by the cube root's
 * approximate normality.
 *
 * @param degrees degrees of freedom, ≥ 1
 * @see Wilson and Hilferty 1931, The Distribution of Chi-Square
 * @example chiSquareBound(9) > 63 // → true
 */
export function chiSquareBound(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + CHANCE_ERRORS * Math.sqrt(spread)) ** 3;
}
