import { type Optional, requireFinite } from "../missing.ts";
import { moments } from "../moments.ts";
import { sum } from "../numerics.ts";

/** How far judges part over one group. */
export interface Disagreement {
  /** Spread over the judges of each candidate, shape [N]; 0 where fewer than two have a score. */
  readonly std: Float64Array;
  /** Mean of std over the candidates that two or more judges scored; 0 when there is none. */
  readonly meanStd: number;
  /** Share of the pairs of candidates, ordered by two or more judges, that they order in opposite ways; 0 when there is none. */
  readonly pairConflictRate: number;
  /** No candidate has two scores: the zeros are a convention. */
  readonly degenerate: boolean;
}

/**
 * Disagreement of calibrated judges over the candidates of one prompt. A judge that ties a pair has no opinion on it.
 *
 * @param scores one row per judge, one common space, shape [J][N]; null is missing
 * @param ddof   taken off the divisor of the variance
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(J·N²), pure
 * @see Eisenstein et al. 2023, Helping or Herding? Reward Model Ensembles Mitigate but do not Eliminate Reward Hacking, arXiv:2312.09244
 * @example disagreement([[0.9, 0.5], [0.6, 0.7]], 0).pairConflictRate // → 1
 */
export function disagreement(scores: readonly (readonly Optional[])[], ddof: number): Disagreement {
  for (const row of scores) requireFinite(row, "a score");
  const size = scores[0]?.length ?? 0;
  const std = new Float64Array(size);
  const disputed: number[] = [];
  for (let i = 0; i < size; i++) {
    const opinions = scores.map((row) => row[i]!).filter((score) => score !== null);
    if (opinions.length < 2) continue;
    std[i] = moments(opinions, ddof).std;
    disputed.push(i);
  }
  let compared = 0;
  let conflicts = 0;
  for (let i = 1; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const signs = scores.map((row) => orderOf(row[i]!, row[j]!)).filter((sign) => sign !== 0);
      if (signs.length < 2) continue;
      compared++;
      if (signs.some((sign) => sign !== signs[0])) conflicts++;
    }
  }
  const none = disputed.length === 0;
  return {
    std,
    meanStd: none ? 0 : sum(disputed.map((i) => std[i]!)) / disputed.length,
    pairConflictRate: compared === 0 ? 0 : conflicts / compared,
    degenerate: none,
  };
}

/** 1 when a is above b, −1 below, 0 without an opinion. */
function orderOf(a: Optional, b: Optional): number {
  return a === null || b === null ? 0 : Math.sign(a - b);
}
