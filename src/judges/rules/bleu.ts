import { countMatches, countNgrams } from "./ngrams.ts";

/** What BLEU of one segment is made of. */
export interface Bleu {
  /** In [0, 100]. */
  readonly bleu: number;
  /** Brevity penalty, in (0, 1]; 0 for an empty hypothesis. */
  readonly brevityPenalty: number;
  /** Matching n-grams per order. */
  readonly correct: readonly number[];
  /** N-grams of the hypothesis per order. */
  readonly total: readonly number[];
  /** Smoothed precisions per order, in [0, 100]; 0 where the hypothesis has no n-gram of that order, or nothing matches at all. */
  readonly precisions: readonly number[];
}

export interface BleuOptions {
  /** Longest n-gram; 4 is usual. */
  readonly maxOrder: number;
  /** Whether orders for which the hypothesis is too short are left out; without it such a segment has BLEU 0. */
  readonly effectiveOrder: boolean;
}

/**
 * BLEU of one segment: brevity penalty · geometric mean of n-gram precisions. The k-th precision without a match becomes
 * 100 / (2ᵏ · total), so that one order without matches does not make the segment 0.
 *
 * @param hypothesis tokens, shape [T]
 * @param reference  tokens, shape [R]
 * @complexity O(T + R) for a fixed order, pure
 * @see Papineni et al. 2002, BLEU; Chen and Cherry 2014 for the smoothing; Post 2018, sacreBLEU, arXiv:1804.08771, for the details
 * @example sentenceBleu(["a", "b"], ["a", "b"], { maxOrder: 2, effectiveOrder: false }).brevityPenalty // → 1
 */
export function sentenceBleu(hypothesis: readonly string[], reference: readonly string[], { maxOrder, effectiveOrder }: BleuOptions): Bleu {
  const ours = countNgrams(hypothesis, maxOrder);
  const correct = countMatches(ours, countNgrams(reference, maxOrder));
  const total = ours.totals;
  const short = reference.length > hypothesis.length;
  const brevityPenalty = hypothesis.length === 0 ? 0 : short ? Math.exp(1 - reference.length / hypothesis.length) : 1;
  const nothing = { brevityPenalty, correct, total, precisions: total.map(() => 0), bleu: 0 };
  if (!correct.some((matches) => matches > 0)) return nothing;
  let doubling = 1;
  const precisions = total.map((count, n) => {
    if (count === 0) return 0;
    if (correct[n]! > 0) return (100 * correct[n]!) / count;
    doubling *= 2;
    return 100 / (doubling * count);
  });
  const orders = effectiveOrder ? total.filter((count) => count > 0).length : maxOrder;
  const logs = precisions.slice(0, orders).reduce((sum, precision) => sum + Math.log(precision), 0);
  return { ...nothing, precisions, bleu: brevityPenalty * Math.exp(logs / orders) };
}
