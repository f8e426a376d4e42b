/** What is known of a judge's own verdict. */
export interface VerdictParts {
  /** Whether the verdict keeps the asked form: 1 or 0. */
  readonly format: number;
  /** Whether it is right: 1 or 0. */
  readonly accuracy: number;
  /** Whether its reasoning supports it, as another model sees it: −1, 0 or 1. */
  readonly consistency: number;
}

/**
 * Reward for training a judge that reasons: 0.5 · format + accuracy · (1 + 0.5 · consistency). Consistency pays only where the verdict
 * is right.
 *
 * @returns in [0, 2]
 * @complexity O(1), pure
 * @see Zhang et al. 2025, R1-Reward, arXiv:2505.02835
 * @example verdictReward({ format: 1, accuracy: 1, consistency: 1 }) // → 2
 */
export function verdictReward({ format, accuracy, consistency }: VerdictParts): number {
  return 0.5 * format + accuracy * (1 + 0.5 * consistency);
}
