import { sum } from "../reward/numerics.ts";

/** Accuracy by language, beside that in the pivot language. */
export interface LanguageGap {
  readonly accuracy: Readonly<Record<string, number>>;
  /** Accuracy in the pivot less that in the language; the pivot itself is left out. */
  readonly gap: Readonly<Record<string, number>>;
  /** Mean accuracy of the languages other than the pivot; undefined when there are none. */
  readonly macro: number | undefined;
  /** Language other than the pivot with the lowest accuracy, the first by name among equals. */
  readonly worst: string | undefined;
}

/**
 * How much worse a judge is in other languages than in the pivot.
 *
 * @param correct language → whether each of its pairs was judged rightly, or what it is worth, ½ for a tie; at least one pair each
 * @param pivot   language to compare with; it has to be among them for gaps
 * @complexity O(pairs), pure
 * @see Gureja et al. 2024, M-RewardBench: Evaluating Reward Models in Multilingual Settings, arXiv:2410.15522
 * @example languageGap({ en: [true], de: [false] }, "en").gap.de // → 1
 */
export function languageGap(correct: Readonly<Record<string, readonly (boolean | number)[]>>, pivot: string): LanguageGap {
  const accuracy: Record<string, number> = {};
  for (const language of Object.keys(correct).sort()) {
    const row = correct[language]!;
    accuracy[language] = sum(row.map(Number)) / row.length;
  }
  const others = Object.keys(accuracy).filter((language) => language !== pivot);
  const gap: Record<string, number> = {};
  if (Object.hasOwn(accuracy, pivot)) for (const language of others) gap[language] = accuracy[pivot]! - accuracy[language]!;
  let worst = others[0];
  for (const language of others) if (accuracy[language]! < accuracy[worst!]!) worst = language;
  const macro = others.length === 0 ? undefined : sum(others.map((language) => accuracy[language]!)) / others.length;
  return { accuracy, gap, macro, worst };
}
