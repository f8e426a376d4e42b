import { GatewayError } from "../../domain/errors.ts";
import { type Optional, requireFinite } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";

/** One item of a rubric and what a judge said of it. */
export interface RubricItem {
  /** A hard rule must be met in full; a principle may be met in part. */
  readonly kind: "hard" | "principle";
  /** Share in the score, ≥ 0. */
  readonly weight: number;
  /** How far it is met, in [0, 1]; null where the judge gave no answer. */
  readonly met: Optional;
}

/**
 * How items make a score. `gate`: quality where every hard rule is met, else 0. `weight`: the weighted mean of all items. `lexicographic`:
 * ½·gate + ½·quality, so that what meets all hard rules is never below what does not.
 */
export type RubricMode = "gate" | "weight" | "lexicographic";

/** A candidate under a rubric, or why there is no score. */
export type RubricScore =
  | {
      readonly outcome: "scored";
      /** 1 when every hard rule is met in full, else 0. */
      readonly gate: number;
      /** Weighted mean of the principles that were judged, in [0, 1]; 1 when there are none. */
      readonly quality: number;
      /** In [0, 1]. */
      readonly score: number;
      /** Weight of the items that were judged over the weight of all, in (0, 1]. */
      readonly coverage: number;
    }
  | { readonly outcome: "abstained"; readonly message: string };

/**
 * Scores a candidate by a rubric. A hard rule that was not judged leaves no score; principles that were not judged are left out and the
 * others share their weight, unless none is left.
 *
 * @throws {GatewayError} REQUEST_INVALID when the rubric has no weight, or an item's weight or answer is out of range; SCORE_NOT_FINITE
 *   when one is NaN or infinite
 * @complexity O(items), pure
 * @see Liu et al. 2025, OpenRubrics: Towards Scalable Synthetic Rubric Generation for Reward Modeling and LLM Alignment, arXiv:2510.07743, for hard rules and principles; the modes are ours
 * @example scoreRubric([{ kind: "hard", weight: 1, met: 1 }, { kind: "principle", weight: 1, met: 0.5 }], "gate").score // → 0.5
 */
export function scoreRubric(items: readonly RubricItem[], mode: RubricMode): RubricScore {
  for (const [i, item] of items.entries()) requireItem(item, i);
  const hard = items.filter(({ kind }) => kind === "hard");
  const principles = items.filter(({ kind }) => kind === "principle");
  if (weightOf(items) === 0)
    throw new GatewayError("REQUEST_INVALID", "the rubric has no item that weighs anything: give one a weight above 0");
  if (hard.some(({ met }) => met === null)) return { outcome: "abstained", message: "a hard rule was not judged" };
  const judged = principles.filter(({ met }) => met !== null);
  if (weightOf(principles) > 0 && weightOf(judged) === 0) return { outcome: "abstained", message: "no principle was judged" };
  const gate = hard.every(({ met }) => met === 1) ? 1 : 0;
  const quality = weightOf(principles) === 0 ? 1 : meanMet(judged);
  const counted = [...hard, ...judged];
  const scores = {
    gate: gate * quality,
    lexicographic: 0.5 * gate + 0.5 * quality,
    weight: meanMet(counted),
  };
  return { outcome: "scored", gate, quality, score: scores[mode], coverage: weightOf(counted) / weightOf(items) };
}

function requireItem({ weight, met }: RubricItem, i: number): void {
  requireFinite([weight, met], `a number of rubric item ${i}`);
  if (weight < 0 || (met !== null && (met < 0 || met > 1))) {
    throw new GatewayError(
      "REQUEST_INVALID",
      `rubric item ${i} has weight ${weight} and is met by ${met}: weights are ≥ 0, answers within [0, 1]`,
    );
  }
}

function weightOf(items: readonly RubricItem[]): number {
  return sum(items.map(({ weight }) => weight));
}

function meanMet(items: readonly RubricItem[]): number {
  return Math.min(1, sum(items.map(({ weight, met }) => weight * met!)) / weightOf(items));
}
