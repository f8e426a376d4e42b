import { GatewayError } from "../domain/errors.ts";
import { requireFinite } from "./missing.ts";
import { sum } from "./numerics.ts";

/** Whether weights count as they are or only their proportions. */
export type WeightRule = "asGiven" | "sumToOne";

/**
 * Linear scalarisation under many weight sets at once: s[q] = Σ_k w[q][k] · r[k].
 *
 * @param objectives shape [K], one common unit
 * @param weightSets shape [Q][K]; negative weights penalise
 * @param weightRule `sumToOne` divides each set by its Σ|w|
 * @returns scores, shape [Q], in the order of the sets
 * @throws {GatewayError} SCORE_NOT_FINITE when an objective is not finite, REQUEST_INVALID when a set has no weight to scale
 * @complexity O(Q·K), pure
 * @see Felten et al. 2024, Multi-Objective Reinforcement Learning Based on Decomposition: A Taxonomy and Framework, arXiv:2311.12495
 * @example linearScores(Float64Array.of(2, 4), [Float64Array.of(0.5, 0.5)], "asGiven")[0] // → 3
 */
export function linearScores(objectives: Float64Array, weightSets: readonly Float64Array[], weightRule: WeightRule): Float64Array {
  requireFinite(objectives, "an objective");
  return Float64Array.from(weightSets, (set) => {
    const weights = weigh(set, weightRule);
    return sum(weights.map((w, k) => w * objectives[k]!));
  });
}

/** Scores by distance from an ideal point. */
export interface TchebycheffScores {
  /** ≤ 0 while the ideal dominates, shape [Q]. */
  readonly scores: Float64Array;
  /** An objective exceeds the ideal: it is not ideal, and scores above 0 may follow. */
  readonly idealViolated: boolean;
}

/**
 * Tchebycheff scalarisation under many weight sets at once: s[q] = −max_k w[q][k] · (z[k] − r[k]). It reaches concave parts
 * of a Pareto front, which no linear one does.
 *
 * @param objectives shape [K], one common unit
 * @param ideal      z, the best value of each objective, shape [K]
 * @param options    weight sets ≥ 0, shape [Q][K], and what their size means
 * @returns scores in the order of the sets, and whether an objective exceeds the ideal
 * @throws {GatewayError} SCORE_NOT_FINITE when an objective is not finite, REQUEST_INVALID when a set has no weight to scale
 * @complexity O(Q·K), pure
 * @see Felten et al. 2024, arXiv:2311.12495
 * @example tchebycheffScores(Float64Array.of(1), Float64Array.of(3), { weightSets: [Float64Array.of(0.5)], weightRule: "asGiven" }).scores[0] // → -1
 */
export function tchebycheffScores(
  objectives: Float64Array,
  ideal: Float64Array,
  { weightSets, weightRule }: { readonly weightSets: readonly Float64Array[]; readonly weightRule: WeightRule },
): TchebycheffScores {
  requireFinite(objectives, "an objective");
  const gaps = ideal.map((best, k) => best - objectives[k]!);
  const scores = Float64Array.from(weightSets, (set) => 0 - Math.max(...weigh(set, weightRule).map((w, k) => w * gaps[k]!)));
  return { scores, idealViolated: gaps.some((gap) => gap < 0) };
}

/** A floor that an objective has to reach. */
export interface Floor {
  /** Index of the objective. */
  readonly objective: number;
  readonly least: number;
}

/** One objective under floors on others. */
export interface ConstrainedScore {
  /** The objective to maximise, whether the floors are reached or not. */
  readonly score: number;
  readonly feasible: boolean;
  /** r[k] − least[k], per floor in order; negative where it is missed. */
  readonly slack: Float64Array;
  /** Σ max(0, least[k] − r[k]). */
  readonly violation: number;
}

/**
 * Constrained scalarisation: one objective, subject to floors on others.
 *
 * @param objectives shape [K]
 * @param objective  index of the one to maximise
 * @param floors     in any order
 * @returns score, feasibility, slack per floor and total violation
 * @throws {GatewayError} SCORE_NOT_FINITE when an objective is not finite
 * @complexity O(K + F) for F floors, pure
 * @see Liu et al. 2025, C-MORL: Multi-Objective Reinforcement Learning through Efficient Discovery of Pareto Front, arXiv:2410.02236
 * @example constrainedScore(Float64Array.of(5, 1), 0, [{ objective: 1, least: 3 }]).violation // → 2
 */
export function constrainedScore(objectives: Float64Array, objective: number, floors: readonly Floor[]): ConstrainedScore {
  requireFinite(objectives, "an objective");
  const slack = Float64Array.from(floors, (floor) => objectives[floor.objective]! - floor.least);
  return {
    score: objectives[objective]!,
    feasible: slack.every((room) => room >= 0),
    slack,
    violation: sum(slack.map((room) => Math.max(0, -room))),
  };
}

function weigh(set: Float64Array, rule: WeightRule): Float64Array {
  if (rule === "asGiven") return set;
  const mass = sum(set.map(Math.abs));
  if (!(mass > 0)) {
    throw new GatewayError("REQUEST_INVALID", "a weight set has no weight: give at least one objective a weight other than 0");
  }
  return set.map((w) => w / mass);
}
