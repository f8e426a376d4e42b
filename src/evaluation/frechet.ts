import { requireFinite } from "../reward/missing.ts";
import { moments } from "../reward/moments.ts";
import { sum } from "../reward/numerics.ts";

/**
 * Fréchet distance between two sets of embeddings under normal distributions with diagonal covariance: Σ_d (μ_a − μ_b)² + (σ_a − σ_b)².
 *
 * @param a    shape [n][D], n ≥ 1
 * @param b    shape [m][D], m ≥ 1
 * @param ddof taken off the divisor of the variances
 * @returns ≥ 0, in squared units of the embedding
 * @throws {GatewayError} SCORE_NOT_FINITE when a number is NaN or infinite
 * @complexity O((n + m)·D), pure
 * @see Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium, arXiv:1706.08500
 * @example frechetDiagonal([[0], [2]], [[3], [5]], 0) // → 9
 */
export function frechetDiagonal(a: readonly (readonly number[])[], b: readonly (readonly number[])[], ddof: number): number {
  for (const row of [...a, ...b]) requireFinite(row, "an embedding");
  const terms = a[0]!.map((_, d) => {
    const left = moments(
      a.map((row) => row[d]!),
      ddof,
    );
    const right = moments(
      b.map((row) => row[d]!),
      ddof,
    );
    return (left.mean - right.mean) ** 2 + (left.std - right.std) ** 2;
  });
  return sum(terms);
}

/**
 * What each embedding does for the likeness of its set to a target: the distance without it less the distance with it. Above 0, the
 * set is worse off without it.
 *
 * @param set    shape [n][D]
 * @param target shape [m][D], m ≥ 1
 * @param ddof   taken off the divisor of the variances
 * @returns shape [n], same order; undefined for a set of one, which has no distance without it
 * @throws {GatewayError} SCORE_NOT_FINITE when a number is NaN or infinite
 * @complexity O(n·(n + m)·D), pure
 * @see Bai et al. 2025, DRAGON: Distributional Rewards Optimize Diffusion Generative Models, arXiv:2504.15217
 * @example leaveOneOutCredit([[0], [2], [9]], [[0], [2]], 0)?.length // → 3
 */
export function leaveOneOutCredit(
  set: readonly (readonly number[])[],
  target: readonly (readonly number[])[],
  ddof: number,
): Float64Array | undefined {
  if (set.length < 2) return undefined;
  const whole = frechetDiagonal(set, target, ddof);
  return Float64Array.from(
    set,
    (_, i) =>
      frechetDiagonal(
        set.filter((_, j) => j !== i),
        target,
        ddof,
      ) - whole,
  );
}
