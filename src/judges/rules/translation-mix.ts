export interface TranslationScores {
  /** Whether the answer keeps the asked format; without it no metric counts. */
  readonly formatOk: boolean;
  /** In [0, scale]; absent when it takes no part. */
  readonly bleu?: number;
  /** Score of a learned metric, in [0, scale]; absent when it takes no part. */
  readonly learned?: number;
}

export interface TranslationMixOptions {
  /** Full score of the metrics; 100 is usual. */
  readonly scale: number;
  /** Gained for the format, and lost without it; 1 is usual. */
  readonly formatReward: number;
  /** Added when the format fails; −2 is usual. */
  readonly formatFailAnswer: number;
}

/**
 * Reward of a translation: format reward + BLEU / scale + learned metric / scale; −format reward + penalty when the format fails.
 *
 * @returns about −3 to 3 with the usual options
 * @complexity O(1), pure
 * @see Feng et al. 2025, MT-R1-Zero, arXiv:2504.10160
 * @example translationMix({ formatOk: true, bleu: 50 }, { scale: 100, formatReward: 1, formatFailAnswer: -2 }) // → 1.5
 */
export function translationMix({ formatOk, bleu = 0, learned = 0 }: TranslationScores, options: TranslationMixOptions): number {
  const { scale, formatReward, formatFailAnswer } = options;
  return formatOk ? formatReward + (bleu + learned) / scale : formatFailAnswer - formatReward;
}
