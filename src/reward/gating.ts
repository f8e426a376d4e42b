import { GatewayError } from "../domain/errors.ts";
import type { GatedObjectives } from "../domain/judge.ts";
import type { SteeringMode } from "../domain/reward.ts";
import { sum } from "./numerics.ts";

/** A gated sum and what it is made of. */
export interface GatedSum {
  /** Σ_k g[k] · r'[k], in the unit of the objectives. */
  readonly value: number;
  /** r'[k] = r[k] − p[k] · r[verbosity], shape [K]. */
  readonly adjusted: Float64Array;
  /** g[k] · r'[k], shape [K]; they sum to `value`. */
  readonly terms: Float64Array;
}

/**
 * Gated sum of objectives with verbosity penalties: r'[k] = r[k] − p[k] · r[v], value = Σ_k g[k] · r'[k].
 * Without a verbosity objective, r' = r.
 *
 * @param objectives raw objectives, shape [K], the judge's own unit
 * @param gating     weights from the prompt, shape [K]
 * @param gated      names and penalties of the K objectives, in the same order
 * @returns value, adjusted objectives and terms, shape [K], same order
 * @complexity O(K), pure
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 */
export function gatedSum(objectives: Float64Array, gating: Float64Array, gated: GatedObjectives): GatedSum {
  const verbosity = gated.verbosityIndex < 0 ? 0 : objectives[gated.verbosityIndex]!;
  const adjusted = new Float64Array(objectives.length);
  const terms = new Float64Array(objectives.length);
  for (let k = 0; k < objectives.length; k++) {
    adjusted[k] = objectives[k]! - gated.objectives[k]!.penalty * verbosity;
    terms[k] = gating[k]! * adjusted[k]!;
  }
  return { value: sum(terms), adjusted, terms };
}

/**
 * Weights of the raw objectives in a gated sum: c[k] = g[k], but c[v] = g[v] − Σ_k p[k] · g[k] for the verbosity objective,
 * so that Σ_k c[k] · r[k] is the gated sum. They show what each raw objective is worth, and that verbosity can cost.
 *
 * @param gating weights from the prompt, shape [K]
 * @param gated  names and penalties of the K objectives, in the same order
 * @returns coefficients, shape [K], same order
 * @complexity O(K), pure
 * @see Wang et al. 2024, Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts, arXiv:2406.12845
 * @example gatedCoefficients(Float64Array.of(1), { objectives: [{ name: "a", penalty: 0 }], verbosityIndex: -1 })[0] // → 1
 */
export function gatedCoefficients(gating: Float64Array, gated: GatedObjectives): Float64Array {
  const coefficients = Float64Array.from(gating);
  if (gated.verbosityIndex < 0) return coefficients;
  coefficients[gated.verbosityIndex]! -= sum(gating.map((g, k) => g * gated.objectives[k]!.penalty));
  return coefficients;
}

/**
 * Objectives that a caller weighs although the penalties leave nothing of them: the verbosity objective at a penalty of 1.
 * Their share of the weight has no effect, so a caller should hear of it.
 *
 * @param weights the caller's weights, shape [K]
 * @param gated   names and penalties of the K objectives, in the same order
 * @returns names, in order
 * @complexity O(1), pure
 * @example silencedObjectives(Float64Array.of(1), { objectives: [{ name: "long", penalty: 1 }], verbosityIndex: 0 })[0] // → "long"
 */
export function silencedObjectives(weights: Float64Array, { objectives, verbosityIndex }: GatedObjectives): readonly string[] {
  const verbosity = objectives[verbosityIndex];
  return verbosity?.penalty === 1 && weights[verbosityIndex] !== 0 ? [verbosity.name] : [];
}

const NOTHING_TO_MULTIPLY = "the gating of its prompt is 0 on every objective that the request weighs, and there is nothing to multiply";

/**
 * Gating under a caller's weights u, at the total S = Σ g of the judge's own gating so that steered and unsteered scores
 * keep one magnitude. With û = S·u/Σ|u|: `override` gives û, `multiply` gives S·(g∘u)/Σ|g∘u|, `blend` gives (1−α)g + αû.
 *
 * @param gating  the judge's gating, shape [K]
 * @param weights the caller's weights, shape [K]; negative ones penalise an objective
 * @param how     mode, and under `blend` the caller's share alpha in [0, 1]
 * @returns steered gating, shape [K], same order
 * @throws {GatewayError} REQUEST_INVALID when Σ|u| is 0, SCORE_NOT_FINITE when only Σ|g∘u| under `multiply` is: for this prompt
 * @complexity O(K), pure
 */
export function steerGating(gating: Float64Array, weights: Float64Array, how: { mode: SteeringMode; alpha: number }): Float64Array {
  const total = sum(gating);
  const wanted = how.mode === "multiply" ? gating.map((g, k) => g * weights[k]!) : weights;
  const mass = sum(wanted.map(Math.abs));
  if (!(mass > 0)) {
    if (weights.some((weight) => weight !== 0)) throw new GatewayError("SCORE_NOT_FINITE", NOTHING_TO_MULTIPLY);
    throw new GatewayError("REQUEST_INVALID", "objective weights leave no weight: give at least one objective a weight other than 0", {
      details: { field: "options.objectiveWeights" },
    });
  }
  const steered = wanted.map((w) => (total * w) / mass);
  if (how.mode !== "blend") return steered;
  return gating.map((g, k) => (1 - how.alpha) * g + how.alpha * steered[k]!);
}
