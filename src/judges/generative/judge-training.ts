import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../../reward/missing.ts";

/** How many core arguments two critiques have, and how many of them match. Counts, each ≥ 0. */
export interface ArgumentCounts {
  /** Arguments of the judge's critique, and those of them that a human argument matches. */
  readonly model: number;
  readonly matched: number;
  /** Arguments of the human critique, and those of them that the judge's critique covers. */
  readonly human: number;
  readonly covered: number;
}

/**
 * How well a judge's critique covers a human one: precision = matched/model, recall = covered/human, and their harmonic mean. A critique
 * without arguments has none of them.
 *
 * @returns each in [0, 1]
 * @throws {GatewayError} REFERENCE_MISSING when the human critique has no argument; REQUEST_INVALID when more match than there are
 * @complexity O(1), pure
 * @see Wang et al. 2026, Reward Modeling from Natural Language Human Feedback, arXiv:2601.07349
 * @example critiqueF1({ model: 2, matched: 1, human: 1, covered: 1 }).precision // → 0.5
 */
export function critiqueF1({ model, matched, human, covered }: ArgumentCounts): {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
} {
  if (human < 1) throw new GatewayError("REFERENCE_MISSING", "the human critique has no argument to compare with: send one that has");
  if (!(matched >= 0 && matched <= model && covered >= 0 && covered <= human)) {
    throw new GatewayError(
      "REQUEST_INVALID",
      `${matched} of ${model} and ${covered} of ${human} arguments match: count matches within each side`,
    );
  }
  const precision = model === 0 ? 0 : matched / model;
  const recall = covered / human;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

/**
 * Reward for a judge that is trained on human grades: (1 − |score − gold|)².
 *
 * @param score the judge's score, in [0, 1]
 * @param gold  the human one, in [0, 1]
 * @returns in [0, 1]
 * @throws {GatewayError} SCORE_NOT_FINITE when one is NaN or infinite
 * @complexity O(1), pure
 * @see Yuan et al. 2025, Curing Miracle Steps in LLM Mathematical Reasoning with Rubric Rewards, arXiv:2510.07774
 * @example gradeReward(0.5, 1) // → 0.25
 */
export function gradeReward(score: number, gold: number): number {
  requireFinite([score, gold], "a grade");
  return (1 - Math.abs(score - gold)) ** 2;
}

/** β of DPO, and how far a margin moves it. */
export interface DynamicBetaOptions {
  /** β at margin 0, > 0. */
  readonly beta: number;
  /** Largest relative increase, ≥ 0; 0.1 in the published script. */
  readonly weight: number;
  /** How fast the increase is reached, per unit of margin, > 0. */
  readonly rate: number;
}

/**
 * β of a DPO pair by how much better the chosen side is: max(10⁻³, β·(1 + w·(1 − e^(−k·margin)))). That the increase is exponential has not
 * been checked against the paper; the floor and w come from its script.
 *
 * @param margins reward of the chosen less that of the rejected side, shape [n]
 * @returns shape [n], ≥ 10⁻³
 * @throws {GatewayError} SCORE_NOT_FINITE when a margin is NaN or infinite
 * @complexity O(n), pure
 * @see Zhang et al. 2025, MM-RLHF: The Next Step Forward in Multimodal LLM Alignment, arXiv:2502.10391
 * @example dynamicBeta([0], { beta: 0.1, weight: 0.1, rate: 0.5 })[0] // → 0.1
 */
export function dynamicBeta(margins: ArrayLike<number>, { beta, weight, rate }: DynamicBetaOptions): Float64Array {
  requireFinite(Array.from(margins), "a margin");
  return Float64Array.from(margins, (margin) => Math.max(1e-3, beta * (1 - weight * Math.expm1(-rate * margin))));
}
