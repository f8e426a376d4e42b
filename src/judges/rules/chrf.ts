import { PYTHON_SPACE } from "./bleu-tokens.ts";
import { countMatches, countNgrams } from "./ngrams.ts";

const SPACES = new RegExp(`${PYTHON_SPACE}+`, "g");

export interface ChrfOptions {
  /** Longest character n-gram; 6 is usual. */
  readonly order: number;
  /** How much more recall counts than precision; 2 is usual. */
  readonly beta: number;
  /** Whether white space is dropped before counting. */
  readonly removeWhitespace: boolean;
}

/** chrF2 as sacreBLEU computes it. */
export const CHRF2: ChrfOptions = { order: 6, beta: 2, removeWhitespace: true };

/**
 * chrF of one segment: F_β of precision and recall of character n-grams, both averaged over the orders that hypothesis and reference
 * have.
 *
 * @returns in [0, 100]; 0 when one side is empty
 * @complexity O(length · order²), pure
 * @see Popović 2015, chrF: character n-gram F-score for automatic MT evaluation; Post 2018, sacreBLEU, arXiv:1804.08771
 * @example sentenceChrf("abc", "abc", CHRF2) // → 100
 */
export function sentenceChrf(hypothesis: string, reference: string, { order, beta, removeWhitespace }: ChrfOptions): number {
  const charactersOf = (text: string) => Array.from(removeWhitespace ? text.replace(SPACES, "") : text);
  const ours = countNgrams(charactersOf(hypothesis), order);
  const theirs = countNgrams(charactersOf(reference), order);
  const matches = countMatches(ours, theirs);
  let precision = 0;
  let recall = 0;
  let orders = 0;
  for (const [n, count] of ours.totals.entries()) {
    const wanted = theirs.totals[n]!;
    if (count === 0 || wanted === 0) continue;
    precision += matches[n]! / count;
    recall += matches[n]! / wanted;
    orders++;
  }
  if (precision + recall === 0) return 0;
  const factor = beta ** 2;
  return (100 * (1 + factor) * precision * recall) / (factor * precision + recall) / orders;
}
