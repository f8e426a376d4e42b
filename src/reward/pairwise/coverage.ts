import type { Preferences } from "./win-rates.ts";

/**
 * The candidates that were compared with enough of the others to be scored beside them. Whoever was compared with fewest leaves first, with
 * all who were compared with as few, until every one who is left was compared with its share of those who are left: a candidate that
 * breaks the comparisons it is in leaves, and does not take the group with it.
 *
 * @param preferences P[i][j], shape [N][N]; null where a comparison is missing, in both directions
 * @param share       least share of the others, in (0, 1]
 * @returns indices, ascending; empty rather than a single one, which is compared with nobody
 * @complexity O(N³), pure
 * @example sufficientlyCompared([[0.5, null, 1], [null, 0.5, null], [0, null, 0.5]], 1) // → [0, 2]
 */
export function sufficientlyCompared(preferences: Preferences, share: number): number[] {
  let left = preferences.map((_, index) => index);
  for (;;) {
    const known = left.map((i) => left.filter((j) => j !== i && preferences[i]![j] !== null).length);
    const least = Math.min(...known);
    if (left.length < 2) return [];
    // Rounding must not ask for more than the share of a whole number.
    if (least >= share * (left.length - 1) - 1e-9) return left;
    left = left.filter((_, place) => known[place]! > least);
  }
}
