/** Agreement beyond chance of two raters. */
export interface Kappa {
  /** Share of the items on which both agree. */
  readonly observed: number;
  /** Share that raters with these frequencies would agree on by chance. */
  readonly expected: number;
  /** (observed − expected)/(1 − expected), ≤ 1; undefined when chance alone gives full agreement. */
  readonly kappa: number | undefined;
}

/**
 * Cohen's kappa of two raters, such as one judge on an item and on its translation.
 *
 * @param a labels, shape [n], n ≥ 1
 * @param b labels, shape [n]
 * @complexity O(n), pure
 * @see Cohen 1960, A Coefficient of Agreement for Nominal Scales
 * @example cohenKappa([1, 1, 0, 0], [1, 0, 1, 0]).kappa // → 0
 */
export function cohenKappa<T>(a: readonly T[], b: readonly T[]): Kappa {
  const n = a.length;
  const observed = a.filter((label, i) => label === b[i]).length / n;
  const countA = countLabels(a);
  const countB = countLabels(b);
  let matches = 0;
  for (const [label, count] of countA) matches += count * (countB.get(label) ?? 0);
  const expected = matches / (n * n);
  return { observed, expected, kappa: matches === n * n ? undefined : (observed - expected) / (1 - expected) };
}

function countLabels<T>(labels: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}
