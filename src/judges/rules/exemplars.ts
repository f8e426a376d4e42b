import { dot, type Embedding, unitVector } from "./embeddings.ts";

/** Closeness of one item to a set of exemplars. */
export interface ExemplarSimilarity {
  /** Cosine with the mean of the exemplars. */
  readonly toCentroid: number;
  /** Mean of the cosines with each exemplar. */
  readonly meanCosine: number;
}

/**
 * How close an item's embedding lies to a distribution that is given by exemplars.
 *
 * @param item      shape [d]
 * @param exemplars shape [n][d], n ≥ 1
 * @returns cosines in [−1, 1]; a zero vector has cosine 0 with everything
 * @throws {GatewayError} REQUEST_INVALID when the shapes differ
 * @complexity O(n·d), pure
 * @see Bai et al. 2025, DRAGON, arXiv:2504.15217
 * @example exemplarSimilarity([1, 1], [[1, 0], [0, 1]]).toCentroid // → 1
 */
export function exemplarSimilarity(item: Embedding, exemplars: readonly Embedding[]): ExemplarSimilarity {
  const x = unitVector(item);
  const centroid = Float64Array.from(item, (_, k) => exemplars.reduce((sum, exemplar) => sum + exemplar[k]!, 0) / exemplars.length);
  const cosines = exemplars.map((exemplar) => dot(x, unitVector(exemplar)));
  return { toCentroid: dot(x, unitVector(centroid)), meanCosine: cosines.reduce((sum, cosine) => sum + cosine, 0) / cosines.length };
}
