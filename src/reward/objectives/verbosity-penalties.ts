import { spearman } from "../correlation.ts";
import type { Optional } from "../missing.ts";

/** How far a penalty may go, and when it is enough. */
export interface PenaltySearch {
  /** Index of the verbosity objective. */
  readonly verbosityIndex: number;
  /** Greatest Spearman correlation with verbosity that is left standing, in [−1, 1]. ArmoRM's code uses 0.03. */
  readonly threshold: number;
  /** Penalties to try, ascending. */
  readonly grid: readonly number[];
}

export interface FittedPenalties {
  /** Shape [K]. */
  readonly penalties: Float64Array;
  /** Objectives whose correlation with verbosity is undefined, because there are fewer than three rows or no spread. */
  readonly undetermined: readonly number[];
  /** Rows left out because an objective is missing. */
  readonly dropped: number;
}

/** Penalties that ArmoRM tries. */
export const PENALTY_GRID: readonly number[] = [
  0, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95,
];

/** What an objective keeps whose correlation no penalty of the grid brings down: all verbosity is taken off. */
const FULL_PENALTY = 1;

/**
 * Penalties that take verbosity out of objectives: for each objective the least p of the grid with
 * Spearman(r[k] − p · r[v], r[v]) ≤ threshold, 1 when none is enough. The verbosity objective itself always keeps 1.
 *
 * @param rows   objectives of a reference set, shape [N][K]; a row with a null is dropped
 * @param search verbosity objective, threshold and grid
 * @returns penalties; an undetermined objective has 0, which changes nothing: whoever fits should not ship it unseen
 * @complexity O(K · G · N log N) for G penalties, pure
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 * @example fitPenalties([[1, 1], [2, 2], [3, 3]], { verbosityIndex: 1, threshold: 0.03, grid: [0, 0.5] }).penalties[0] // → 1
 */
export function fitPenalties(rows: readonly (readonly Optional[])[], { verbosityIndex, threshold, grid }: PenaltySearch): FittedPenalties {
  const complete = rows.filter((row): row is readonly number[] => row.every((value) => value !== null));
  const verbosity = Float64Array.from(complete, (row) => row[verbosityIndex]!);
  const count = rows[0]?.length ?? 0;
  const undetermined: number[] = [];
  const penalties = new Float64Array(count).map((_, k) => {
    const objective = Float64Array.from(complete, (row) => row[k]!);
    if (complete.length < 3 || spearman(objective, verbosity) === undefined) {
      undetermined.push(k);
      return 0;
    }
    // A remainder without spread has nothing left of verbosity.
    const left = (p: number) =>
      spearman(
        objective.map((value, i) => value - p * verbosity[i]!),
        verbosity,
      ) ?? 0;
    return grid.find((p) => left(p) <= threshold) ?? FULL_PENALTY;
  });
  return { penalties, undetermined, dropped: rows.length - complete.length };
}
