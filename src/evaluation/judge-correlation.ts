import { type Optional, requireFinite } from "../reward/missing.ts";
import { pearson, presentPairs } from "./rank-correlation.ts";

/** Two judges of a panel and how their scores go together. */
export interface JudgePair {
  readonly a: number;
  readonly b: number;
  /** Pearson's correlation over the items that both scored; undefined when one is constant there. */
  readonly correlation: number | undefined;
  /** The pair says one thing twice: the correlation is above the bound, on either side of 0. */
  readonly redundant: boolean;
  /** The pair pulls in opposite directions: the correlation is below 0. */
  readonly contradictory: boolean;
}

/**
 * Correlation of every pair of judges: adding one that says what another says, or the opposite, does not make a panel better.
 *
 * @param scores one row per judge, shape [J][n]; null is missing
 * @param bound  |ρ| from which two judges are redundant, in (0, 1]; 0.95 is usual
 * @returns J(J − 1)/2 pairs with a < b
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(J²·n), pure
 * @see Eisenstein et al. 2023, Helping or Herding? Reward Model Ensembles Mitigate but do not Eliminate Reward Hacking, arXiv:2312.09244
 * @example judgeCorrelations([[1, 2, 3], [1, 2, 3]], 0.95)[0].redundant // → true
 */
export function judgeCorrelations(scores: readonly (readonly Optional[])[], bound: number): JudgePair[] {
  for (const row of scores) requireFinite(row, "a score");
  return scores.flatMap((row, a) =>
    scores.slice(a + 1).map((other, offset) => {
      const present = presentPairs(row, other);
      const correlation = pearson(present.a, present.b);
      const redundant = correlation !== undefined && Math.abs(correlation) > bound;
      return { a, b: a + 1 + offset, correlation, redundant, contradictory: correlation !== undefined && correlation < 0 };
    }),
  );
}
