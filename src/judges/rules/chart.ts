import { exactMatch } from "./exact-match.ts";
import { parseNumber } from "./numeric.ts";

/** How an answer that was read off a chart compares with the gold one. */
export interface ChartMatch {
  /** 1 within the tolerance, else 0. */
  readonly relaxed: 0 | 1;
  /** max(0, 1 − relative error / (2 · tolerance)). */
  readonly graded: number;
}

/**
 * Relaxed accuracy on charts: a number may be off by a share of the gold one, everything else must match exactly.
 *
 * @param tolerance share of the gold number, > 0; 0.05 is usual
 * @returns both in [0, 1]; where the gold number is 0, only 0 is right
 * @complexity O(length), pure
 * @see Masry et al. 2022, ChartQA, arXiv:2203.10244
 * @example chartMatch("103", "100", 0.05).relaxed // → 1
 */
export function chartMatch(prediction: string, gold: string, tolerance: number): ChartMatch {
  const wanted = parseNumber(gold);
  if (wanted === null) return same(exactMatch(prediction, gold));
  const value = parseNumber(prediction);
  if (value === null) return same(0);
  if (wanted === 0) return same(value === 0 ? 1 : 0);
  const error = Math.abs(value - wanted) / Math.abs(wanted);
  return { relaxed: error <= tolerance ? 1 : 0, graded: Math.max(0, 1 - error / (2 * tolerance)) };
}

function same(value: 0 | 1): ChartMatch {
  return { relaxed: value, graded: value };
}
