import { GatewayError } from "../../domain/errors.ts";
import { sum } from "../numerics.ts";

/** How much of a learned bias is taken out. */
export interface DirectionalCorrection {
  /** Direction of the bias in the judge's embedding space, any length above 0, shape [D]. */
  readonly direction: Float64Array;
  /** 1 takes the whole component out, 0 nothing. */
  readonly gamma: number;
  /** Least share of the embedding's length that must remain, ≥ 0; less is rounding and no direction. */
  readonly minShare: number;
}

/**
 * Embedding without its component along a learned bias: e' ∝ e − γ (e · b) b, of length 1.
 *
 * @param embedding  e, shape [D]
 * @param correction direction b, strength γ and the least remainder
 * @returns a unit vector, shape [D]
 * @throws {GatewayError} SCORE_NOT_FINITE when nothing is left of the embedding, or the direction has no length
 * @complexity O(D), pure
 * @see Chen et al. 2025, Taming Preference Mode Collapse via Directional Decoupling Alignment in Diffusion Reinforcement
 *   Learning, arXiv:2512.24146; the minimal linear form
 * @example correctDirection(Float64Array.of(3, 4), { direction: Float64Array.of(0, 2), gamma: 1, minShare: 1e-12 })[0] // → 1
 */
export function correctDirection(embedding: Float64Array, { direction, gamma, minShare }: DirectionalCorrection): Float64Array {
  const scale = lengthOf(direction);
  const unit = direction.map((b) => b / scale);
  const along = dot(embedding, unit);
  const rest = embedding.map((e, d) => e - gamma * along * unit[d]!);
  const left = lengthOf(rest);
  if (!(left > minShare * lengthOf(embedding))) {
    throw new GatewayError("SCORE_NOT_FINITE", "the embedding lies along the bias direction: nothing is left of it to compare");
  }
  return rest.map((e) => e / left);
}

/**
 * Cosine of the angle between two embeddings: the similarity that such judges score by.
 *
 * @param a shape [D], not 0
 * @param b shape [D], not 0
 * @returns a number in [−1, 1]
 * @complexity O(D), pure
 * @example cosineSimilarity(Float64Array.of(3, 4), Float64Array.of(1, 0)) // → 0.6
 */
export function cosineSimilarity(a: Float64Array, b: Float64Array): number {
  return Math.min(1, Math.max(-1, dot(a, b) / (lengthOf(a) * lengthOf(b))));
}

function dot(a: Float64Array, b: Float64Array): number {
  return sum(a.map((x, d) => x * b[d]!));
}

function lengthOf(a: Float64Array): number {
  return Math.hypot(...a);
}
