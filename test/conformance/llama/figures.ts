import { wilson } from "../../../src/evaluation/intervals.ts";
import { addCounts, comparePairs, NO_PAIRS, pairAccuracy, pairsOf } from "../../../src/evaluation/pair-accuracy.ts";
import { reliability } from "../../../src/reward/calibration/reliability.ts";

/** What a judge said of a pair of responses, the better one first. */
export interface JudgedPair {
  /** Of each response: its outcome, and its score where there is one. */
  readonly parts: readonly { readonly outcome: string; readonly raw?: number }[];
  /** Whether the judge said the same of both orders of the pair; absent where it sees one response alone, or gave no answer. */
  readonly consistent?: boolean;
  /** Wall time of the request, or of both where the pair was shown twice. */
  readonly seconds: number;
}

const BINS = 5;
const percent = (share: number) => `${Math.round(100 * share)} %`;

/** Columns of {@link figuresOf}. */
export const FIGURES = ["rows", "no answer", "abstained", "ties", "accuracy", "95 %", "orders disagree", "AUC", "ECE", "s/candidate"];

/**
 * Figures of one judge over labelled pairs, as cells of a table.
 *
 * `no answer` and `abstained` are shares of responses. `accuracy` is that of the pairs in which both have a score, a tie one half, with
 * Wilson's interval. AUC and ECE take the score for the probability that a response is the better one of its pair, as P(yes) claims.
 */
export function figuresOf(pairs: readonly JudgedPair[], { isProbability }: { readonly isProbability: boolean }): string[] {
  const parts = pairs.flatMap(({ parts: both }) => both);
  const shareOf = (outcome: string) => percent(parts.filter((part) => part.outcome === outcome).length / parts.length);
  const scored = pairs.flatMap(({ parts: [better, worse] }) =>
    better?.raw === undefined || worse?.raw === undefined ? [] : [[better.raw, worse.raw] as const],
  );
  const counts = scored.map((scores) => comparePairs(scores, [1, 0])).reduce(addCounts, NO_PAIRS);
  const n = pairsOf(counts);
  const { low, high } = n === 0 ? { low: 0, high: 1 } : wilson(counts.right + counts.ties / 2, n);
  const orders = pairs.flatMap(({ consistent }) => consistent ?? []);
  const values = scored.flat();
  const labels = values.map((_, i) => 1 - (i % 2));
  const asProbability = isProbability && n > 0;
  return [
    String(pairs.length),
    shareOf("failed"),
    shareOf("abstained"),
    n === 0 ? "–" : `${counts.ties} of ${n}`,
    n === 0 ? "–" : percent(pairAccuracy(counts)),
    `${percent(low)}–${percent(high)}`,
    orders.length === 0 ? "–" : `${orders.filter((same) => !same).length} of ${orders.length}`,
    asProbability ? pairAccuracy(comparePairs(values, labels)).toFixed(2) : "–",
    asProbability ? reliability(values, labels, BINS).ece.toFixed(2) : "–",
    (pairs.reduce((sum, { seconds }) => sum + seconds, 0) / parts.length).toFixed(1),
  ];
}
