import { requireFinite } from "../missing.ts";
import { moments } from "../moments.ts";
import { sigmoid, sum } from "../numerics.ts";

/** What several reward models say about one labelled pair. */
export interface PreferenceStrength {
  /** Mean margin, logits; negative when the models contradict the label. */
  readonly strength: number;
  /** Standard deviation of the margins, logits. */
  readonly std: number;
  /** Mean of σ(margin): a soft label for the pair. */
  readonly softLabel: number;
  /** strength < 0. */
  readonly flip: boolean;
}

/**
 * Strength of a preference from the margins that several reward models give a labelled pair, to audit labels: turn the
 * contradicted ones around, soften the weak ones.
 *
 * @param margins r_v(chosen) − r_v(rejected) of models trained on different samples, logits, shape [V], V ≥ 1
 * @param ddof    taken off the divisor of the variance
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @complexity O(V), pure
 * @see Wang et al. 2024, Secrets of RLHF in Large Language Models Part II: Reward Modeling, arXiv:2401.06080
 * @example preferenceStrength([1, -3], 0).flip // → true
 */
export function preferenceStrength(margins: readonly number[], ddof: number): PreferenceStrength {
  requireFinite(margins, "a margin");
  const { mean, std } = moments(margins, ddof);
  return { strength: mean, std, softLabel: sum(margins.map(sigmoid)) / margins.length, flip: mean < 0 };
}
