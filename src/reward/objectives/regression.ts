import { requireFinite } from "../missing.ts";
import { sum } from "../numerics.ts";

/**
 * Objectives of a multi-objective reward head: r[k] = Σ_d W[k][d] · h[d], without a bias.
 *
 * @param weights W, one row per objective, shape [K][D]
 * @param hidden  h, hidden state of the last content token of prompt and completion, shape [D]
 * @returns objectives in the head's own unit, shape [K]
 * @throws {GatewayError} SCORE_NOT_FINITE when one objective is not finite: weights can be negative, so none may be left out
 * @complexity O(K·D), pure
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 * @example regressObjectives([Float64Array.of(1, 2)], Float64Array.of(3, 4))[0] // → 11
 */
export function regressObjectives(weights: readonly Float64Array[], hidden: Float64Array): Float64Array {
  const objectives = Float64Array.from(weights, (row) => sum(row.map((w, d) => w * hidden[d]!)));
  requireFinite(objectives, "an objective");
  return objectives;
}

/**
 * Objectives in the scale of the ratings that they were trained on: native[k] = mul · r[k] + add.
 *
 * @param objectives as the head gives them, shape [K]
 * @param scale      rating units per unit of the head, and the rating of an objective of 0
 * @returns ratings, not clamped, shape [K], same order
 * @complexity O(K), pure
 * @see Wang et al. 2024, arXiv:2406.12845; HelpSteer's 0 to 4 is mul 5, add −0.5
 * @example toNativeScale(Float64Array.of(0.5), { mul: 4, add: 1 })[0] // → 3
 */
export function toNativeScale(objectives: Float64Array, { mul, add }: { readonly mul: number; readonly add: number }): Float64Array {
  return objectives.map((objective) => mul * objective + add);
}
