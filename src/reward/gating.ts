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
 * Gating under a caller's weights u, at the total S = Σ g of the judge's own gating so that steered and unsteered scores
 * keep one magnitude. With û = S·u/Σ|u|: `override` gives û, `multiply` gives S·(g∘u)/Σ|g∘u|, `blend` gives (1−α)g + αû.
 *
 * @param gating  the judge's gating, shape [K]
 * @param weights the caller's weights, shape [K]; negative ones penalise an objective
 * @param how     mode, and under `blend` the caller's share alpha in [0, 1]
 * @returns steered gating, shape [K], same order
 * @throws {GatewayError} REQUEST_INVALID when Σ|u|, or Σ|g∘u| under `multiply`, is 0
 * @complexity O(K), pure
 */
export function steerGating(gating: Float64Array, weights: Float64Array, how: { mode: SteeringMode; alpha: number }): Float64Array {
  const total = sum(gating);
  const wanted = how.mode === "multiply" ? gating.map((g, k) => g * weights[k]!) : weights;
  const mass = sum(wanted.map(Math.abs));
  if (!(mass > 0)) {
    throw new GatewayError("REQUEST_INVALID", "objective weights leave no weight: give at least one objective a weight other than 0", {
      details: { field: "options.objectiveWeights" },
    });
  }
  const steered = wanted.map((w) => (total * w) / mass);
  if (how.mode !== "blend") return steered;
  return gating.map((g, k) => (1 - how.alpha) * g + how.alpha * steered[k]!);
}
