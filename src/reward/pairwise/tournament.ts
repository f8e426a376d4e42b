/**
 * Share of the triads of candidates that are cycles, a beats b beats c beats a. A tie is never part of a cycle.
 *
 * @param preferences P[i][j], shape [N][N]; i beats j when it is above ½
 * @returns in [0, 1]; 0 when there are fewer than three candidates
 * @complexity O(N³), pure
 * @see Kendall and Babington Smith 1940, On the Method of Paired Comparisons
 * @example intransitivity([[0.5, 0.8], [0.2, 0.5]]) // → 0
 */
export function intransitivity(preferences: readonly (readonly number[])[]): number {
  const n = preferences.length;
  const beats = (i: number, j: number) => preferences[i]![j]! > 0.5;
  let cycles = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      for (let k = j + 1; k < n; k++) {
        if ((beats(i, j) && beats(j, k) && beats(k, i)) || (beats(j, i) && beats(k, j) && beats(i, k))) cycles++;
      }
    }
  }
  return n < 3 ? 0 : cycles / ((n * (n - 1) * (n - 2)) / 6);
}

/** Who is left of a knockout. */
export interface Knockout {
  /** Undefined when nobody took part. */
  readonly winner: number | undefined;
  readonly comparisons: number;
}

/**
 * Sequential knockout: the first of the order is champion until somebody beats them; N − 1 comparisons in place of N(N − 1)/2. Where
 * preferences are cyclic the winner depends on the order. On a tie the champion stays.
 *
 * @param preferences P[i][j], shape [N][N]
 * @param order       candidates in order of appearance
 * @complexity O(N), pure
 * @example knockout([[0.5, 0.7], [0.3, 0.5]], [1, 0]).winner // → 0
 */
export function knockout(preferences: readonly (readonly number[])[], order: readonly number[]): Knockout {
  let [champion] = order;
  for (const challenger of order.slice(1)) if (preferences[challenger]![champion!]! > 0.5) champion = challenger;
  return { winner: champion, comparisons: Math.max(0, order.length - 1) };
}
