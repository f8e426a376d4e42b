import { GatewayError } from "../../domain/errors.ts";
import type { Optional } from "../missing.ts";

/**
 * Applies a transform to the scores that are there; a missing one stays missing, in its place.
 *
 * @param scores    shape [n]; null is missing
 * @param transform a map of shape [m] to shape [m], which may look at all scores at once
 * @returns shape [n], same order
 * @throws {GatewayError} SCORE_NOT_FINITE when a transformed score is NaN or infinite
 * @complexity that of the transform, pure
 * @example throughMissing([1, null], (xs) => xs.map((x) => -x))[0] // → -1
 */
export function throughMissing(scores: readonly Optional[], transform: (present: Float64Array) => Float64Array): Optional[] {
  const there = scores.flatMap((score, i) => (score === null ? [] : [i]));
  const transformed = transform(Float64Array.from(there, (i) => scores[i]!));
  const result: Optional[] = scores.map(() => null);
  for (const [place, i] of there.entries()) {
    const value = transformed[place]!;
    if (!Number.isFinite(value)) throw new GatewayError("SCORE_NOT_FINITE", `a transformed score is ${value}`);
    result[i] = value;
  }
  return result;
}
