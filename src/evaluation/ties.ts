import { requireFinite } from "../reward/missing.ts";
import { sum } from "../reward/numerics.ts";

/** Scores of the right and of the wrong answers to one prompt, at least one of each. */
export interface Answers {
  readonly right: readonly number[];
  readonly wrong: readonly number[];
}

/** A prompt with one right answer and its variant with several equally right ones. */
export interface TiesPrompt {
  readonly single: Answers;
  readonly tied: Answers;
}

/** Shares and means over the prompts. */
export interface TiesScore {
  /** Prompts with one right answer that stands above all wrong ones. */
  readonly singleAccuracy: number;
  /** Prompts whose right answers all stand above all wrong ones. */
  readonly tiedAccuracy: number;
  /** Prompts whose gap to the best wrong answer is wider than the spread among right ones. */
  readonly preferred: number;
  /** The same for the narrower gap of both variants. */
  readonly preferredHard: number;
  /** Mean of tanh(narrower gap / spread − 1), in [−1, 1]. */
  readonly margin: number;
  /** 0.3 of each accuracy, 0.2 of each preferred and 0.01 of the margin; at most 1.01. */
  readonly score: number;
}

/**
 * Whether a judge takes equally right answers for equal and puts them above wrong ones. Where right answers have no spread the margin
 * of a prompt is 1, 0 or −1 by the sign of its gap.
 *
 * @param prompts at least one
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(answers), pure
 * @see Malik et al. 2025, RewardBench 2: Advancing Reward Model Evaluation, arXiv:2506.01937
 * @example scoreTies([{ single: { right: [5], wrong: [0] }, tied: { right: [4, 4], wrong: [1] } }]).margin // → 1
 */
export function scoreTies(prompts: readonly TiesPrompt[]): TiesScore {
  const rows = prompts.map(({ single, tied }) => {
    for (const { right, wrong } of [single, tied]) requireFinite([...right, ...wrong], "a score");
    const gapSingle = gapOf(single);
    const gapTied = gapOf(tied);
    const spread = Math.max(...tied.right) - Math.min(...tied.right);
    return { gapSingle, gapTied, spread, narrower: Math.min(gapSingle, gapTied) };
  });
  const share = (holds: (row: (typeof rows)[number]) => boolean) => rows.filter(holds).length / rows.length;
  const singleAccuracy = share(({ gapSingle }) => gapSingle > 0);
  const tiedAccuracy = share(({ gapTied }) => gapTied > 0);
  const preferred = share(({ gapTied, spread }) => gapTied > spread);
  const preferredHard = share(({ narrower, spread }) => narrower > spread);
  const margin =
    sum(rows.map(({ narrower, spread }) => (spread === 0 ? Math.sign(narrower) : Math.tanh(narrower / spread - 1)))) / rows.length;
  const score = 0.3 * (tiedAccuracy + singleAccuracy) + 0.2 * (preferred + preferredHard) + 0.01 * margin;
  return { singleAccuracy, tiedAccuracy, preferred, preferredHard, margin, score };
}

/** Lowest right score less the highest wrong one. */
function gapOf({ right, wrong }: Answers): number {
  return Math.min(...right) - Math.max(...wrong);
}
