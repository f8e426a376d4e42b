import { type Optional, requireFinite } from "../missing.ts";

/** What a rule and a model say of one candidate. */
export interface RuleAndModel {
  /** Score of the rule; null where it does not apply. */
  readonly rule: Optional;
  /** Score of the model, in the same space; null where it has none. */
  readonly model: Optional;
  /** How sure the rule is, in [0, 1]. */
  readonly ruleConfidence: number;
}

/** A score and where it comes from; `none` when what was asked has no score. */
export type HybridScore =
  | { readonly source: "rule" | "model" | "blend"; readonly score: number }
  | { readonly source: "none"; readonly score: undefined };

const NONE: HybridScore = { source: "none", score: undefined };

/**
 * Verifier first: the rule where it applies with confidence c ≥ τ, the model where it does not apply, and c·rule + (1 − c)·model
 * in between. A model that is needed and has no score gives `none`, never the rule alone.
 *
 * @param tau confidence from which the rule decides, in (0, 1]
 * @returns the score, in the space of both, and its source
 * @throws {GatewayError} SCORE_NOT_FINITE when a score or the confidence is NaN or infinite
 * @complexity O(1), pure
 * @see Gulhane and Indurthi 2025, Beyond Monolithic Rewards: A Hybrid and Multi-Aspect Reward Optimization for MLLM Alignment, arXiv:2510.05283
 * @example hybrid({ rule: 0, model: 0.8, ruleConfidence: 0.5 }, 0.9).score // → 0.4
 */
export function hybrid({ rule, model, ruleConfidence }: RuleAndModel, tau: number): HybridScore {
  requireFinite([rule, model, ruleConfidence], "a score");
  if (rule !== null && ruleConfidence >= tau) return { source: "rule", score: rule };
  if (model === null) return NONE;
  if (rule === null) return { source: "model", score: model };
  return { source: "blend", score: ruleConfidence * rule + (1 - ruleConfidence) * model };
}

/**
 * Verifier first, model as an add-on: the model is asked only where the rule says wrong, so that a rule that is too strict
 * does not decide alone. Where the rule does not apply the model decides.
 *
 * @param right score from which the rule says right
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(1), pure
 * @see Yuan et al. 2025, Curing Miracle Steps in LLM Mathematical Reasoning with Rubric Rewards, arXiv:2510.07774
 * @example addOn({ rule: 0, model: 0.8 }, 1).source // → "model"
 */
export function addOn({ rule, model }: Omit<RuleAndModel, "ruleConfidence">, right: number): HybridScore {
  requireFinite([rule, model], "a score");
  if (rule !== null && rule >= right) return { source: "rule", score: rule };
  return model === null ? NONE : { source: "model", score: model };
}
