import { type Optional, requireFinite } from "../reward/missing.ts";
import { fitLine } from "./line.ts";
import { presentPairs, spearman } from "./rank-correlation.ts";

/** What length does to a judge's scores. Shapes [m], m the items with both. */
export interface LengthBias {
  /** Rank correlation of score and length; undefined when one is constant. */
  readonly spearman: number | undefined;
  /** Score per 100 tokens. */
  readonly slopePer100: number;
  /** What the line leaves: s − s̄ − slope·(L − L̄); its mean is 0. */
  readonly residual: Float64Array;
  /** s − slope·(L − L̄): scores as they would be at the mean length. */
  readonly debiased: Float64Array;
  /** All lengths are equal: nothing can be said, and the slope is 0. */
  readonly degenerate: boolean;
}

/**
 * How much of a judge's score is length.
 *
 * @param scores  shape [n]; null is missing, and the item is left out
 * @param lengths tokens, shape [n]
 * @throws {GatewayError} SCORE_NOT_FINITE when a score or a length is NaN or infinite
 * @complexity O(n log n), pure
 * @example lengthBias([1, 2], [100, 200]).slopePer100 // → 1
 */
export function lengthBias(scores: readonly Optional[], lengths: readonly Optional[]): LengthBias {
  requireFinite([...scores, ...lengths], "a score or a length");
  const { a: score, b: length } = presentPairs(scores, lengths);
  const { slope, meanX, meanY, degenerate } = fitLine(length, score);
  const debiased = score.map((value, i) => value - slope * (length[i]! - meanX));
  return {
    spearman: spearman(score, length),
    slopePer100: 100 * slope,
    residual: debiased.map((value) => value - meanY),
    debiased,
    degenerate,
  };
}
