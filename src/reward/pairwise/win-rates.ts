import { type Optional, requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";

/** P[i][j]: probability that candidate i is preferred to candidate j, shape [N][N]; null where they were not compared. */
export type Preferences = readonly (readonly Optional[])[];

/** Preferences in which both orders of a pair agree. */
export interface BothOrders {
  /** (P[i][j] + 1 − P[j][i])/2, or the one that is known; ½ on the diagonal, shape [N][N]. */
  readonly preferences: Optional[][];
  /** Largest |P[i][j] + P[j][i] − 1| before, in [0, 1]: what the order of a pair does to the judge. */
  readonly maxAsymmetry: number;
}

/**
 * Averages both orders of every pair, so that P[i][j] + P[j][i] = 1.
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a probability is NaN or infinite
 * @complexity O(N²), pure
 * @example averageOrders([[0.5, 0.8], [0.4, 0.5]]).preferences[0][1] // → 0.7
 */
export function averageOrders(preferences: Preferences): BothOrders {
  for (const row of preferences) requireFinite(row, "a probability");
  let maxAsymmetry = 0;
  const averaged = preferences.map((row, i) =>
    row.map((p, j) => {
      if (i === j) return 0.5;
      const back = preferences[j]![i]!;
      if (p === null) return back === null ? null : 1 - back;
      if (back === null) return p;
      maxAsymmetry = Math.max(maxAsymmetry, Math.abs(p + back - 1));
      return (p + (1 - back)) / 2;
    }),
  );
  return { preferences: averaged, maxAsymmetry };
}

/** Mean preference of each candidate over the others. Shapes [N]. */
export interface WinRates {
  /** In [0, 1]; ½ for a candidate that was compared with none. */
  readonly rates: Float64Array;
  /** Share of the others that it was compared with, in [0, 1]; 1 when there are none. */
  readonly coverage: Float64Array;
}

/**
 * Expected win rate against the other candidates of the group: s[i] = mean of P[i][j] over the known j ≠ i.
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a probability is NaN or infinite
 * @complexity O(N²), pure
 * @see Rosset et al. 2024, Direct Nash Optimization: Teaching Language Models to Self-Improve with General Preferences, arXiv:2404.03715
 * @example winRates([[0.5, 0.7], [0.3, 0.5]]).rates[0] // → 0.7
 */
export function winRates(preferences: Preferences): WinRates {
  for (const row of preferences) requireFinite(row, "a probability");
  const others = preferences.length - 1;
  const known = preferences.map((row, i) => row.filter((p, j): p is number => j !== i && p !== null));
  return {
    rates: Float64Array.from(known, (row) => (row.length === 0 ? 0.5 : sum(row) / row.length)),
    coverage: Float64Array.from(known, (row) => (others < 1 ? 1 : row.length / others)),
  };
}

/** A pair to train on. */
export interface MarginPair {
  readonly chosen: number;
  readonly rejected: number;
  /** Win rate of the chosen less that of the rejected one. */
  readonly margin: number;
}

/**
 * Pairs whose win rates lie far enough apart: all (i, j) with s[i] − s[j] ≥ margin, the widest first, then by index.
 *
 * @param rates  win rates, shape [N]
 * @param margin least difference, in (0, 1]
 * @complexity O(N² log N), pure
 * @see Rosset et al. 2024, Direct Nash Optimization: Teaching Language Models to Self-Improve with General Preferences, arXiv:2404.03715
 * @example marginPairs([0.8, 0.3], 0.2)[0].rejected // → 1
 */
export function marginPairs(rates: ArrayLike<number>, margin: number): MarginPair[] {
  const pairs: MarginPair[] = [];
  for (let chosen = 0; chosen < rates.length; chosen++) {
    for (let rejected = 0; rejected < rates.length; rejected++) {
      const apart = rates[chosen]! - rates[rejected]!;
      if (chosen !== rejected && apart >= margin) pairs.push({ chosen, rejected, margin: apart });
    }
  }
  return pairs.sort((a, b) => b.margin - a.margin);
}
