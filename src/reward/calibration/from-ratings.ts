import { type Optional, requireFinite } from "../missing.ts";

/** Margins of pairs and which side is better. */
export interface LabelledPairs {
  /** score(i) − score(j), shape [n]. */
  readonly margins: number[];
  /** 1 where i is rated higher, else 0, shape [n]. */
  readonly labels: number[];
}

/**
 * Preference pairs out of the ratings of one prompt's candidates: every pair i < j whose ratings differ by minGap or more.
 * Never over prompts: the offset of a prompt is not identified, so scores of two prompts are not comparable.
 *
 * @param scores  raw scores of the candidates of one prompt, shape [n]; null is left out
 * @param ratings shape [n]; null is left out
 * @param minGap  least difference of ratings, > 0, in their unit
 * @returns margins and labels, ready for a temperature
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(n²), pure
 * @example pairsFromRatings([0.2, 0.9], [1, 3], 1).labels[0] // → 0
 */
export function pairsFromRatings(scores: readonly Optional[], ratings: readonly Optional[], minGap: number): LabelledPairs {
  requireFinite(scores, "a score");
  requireFinite(ratings, "a rating");
  const there = scores.flatMap((score, i) => (score === null || (ratings[i] ?? null) === null ? [] : [i]));
  const pairs: LabelledPairs = { margins: [], labels: [] };
  for (const [place, i] of there.entries()) {
    for (const j of there.slice(place + 1)) {
      const gap = ratings[i]! - ratings[j]!;
      if (Math.abs(gap) < minGap || gap === 0) continue;
      pairs.margins.push(scores[i]! - scores[j]!);
      pairs.labels.push(gap > 0 ? 1 : 0);
    }
  }
  return pairs;
}
