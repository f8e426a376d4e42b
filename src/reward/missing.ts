import { GatewayError } from "../domain/errors.ts";
import { sum } from "./numerics.ts";

/** A score, or null where a judge gave none. NaN is never a missing score: it is an error. */
export type Optional = number | null;

/** What a missing score does to a combination of scores. There is no default: a trainer learns from this choice. */
export type MissingPolicy =
  /** No result. */
  | { readonly policy: "fail" }
  /** The present ones count, unless they hold less than this share of the weight, in [0, 1]. */
  | { readonly policy: "renormalise"; readonly minCoverage: number }
  /** This number stands in. */
  | { readonly policy: "impute"; readonly value: number };

/** The scores that count, after the policy has spoken. */
export interface Present {
  readonly scores: Float64Array;
  readonly weights: Float64Array;
  /** Index of each entry in the list that was given. */
  readonly indices: readonly number[];
  /** Weight of the scores that were there over the weight of all, in [0, 1]. */
  readonly coverage: number;
}

/**
 * Applies a missing policy to the scores of one candidate.
 *
 * @param scores  shape [J]; null is missing
 * @param weights shape [J], ≥ 0, not all 0
 * @param missing what a null does
 * @returns undefined when the policy leaves no result: `fail` and a null, nothing present, or too little coverage
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity O(J), pure
 * @example presentScores([1, null], [3, 1], { policy: "renormalise", minCoverage: 0.5 })?.coverage // → 0.75
 */
export function presentScores(scores: readonly Optional[], weights: ArrayLike<number>, missing: MissingPolicy): Present | undefined {
  requireFinite(scores, "a score");
  const there = scores.flatMap((score, j) => (score === null ? [] : [j]));
  const coverage = sum(there.map((j) => weights[j]!)) / sum(weights);
  if (there.length < scores.length) {
    if (missing.policy === "fail") return undefined;
    if (missing.policy === "renormalise" && coverage < missing.minCoverage) return undefined;
  }
  const indices = missing.policy === "impute" ? scores.map((_, j) => j) : there;
  if (indices.length === 0) return undefined;
  const stand = missing.policy === "impute" ? missing.value : Number.NaN;
  return {
    scores: Float64Array.from(indices, (j) => scores[j] ?? stand),
    weights: Float64Array.from(indices, (j) => weights[j]!),
    indices,
    coverage,
  };
}

/**
 * Refuses NaN and infinities; null passes.
 *
 * @param what the thing that each value is, for the message: "a score"
 * @throws {GatewayError} SCORE_NOT_FINITE
 * @example requireFinite([1, null], "a score") // → undefined
 */
export function requireFinite(values: Iterable<Optional>, what: string): void {
  for (const value of values) {
    if (value !== null && !Number.isFinite(value)) {
      throw new GatewayError(
        "SCORE_NOT_FINITE",
        `${what} is ${value}: leave it out as null, a number that is not finite is never combined`,
      );
    }
  }
}

/** @returns weights of 1, shape [n]: every score counts the same. */
export function equalWeights(n: number): Float64Array {
  return new Float64Array(n).fill(1);
}
