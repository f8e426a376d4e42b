import { requireFinite } from "../reward/missing.ts";
import { sum } from "../reward/numerics.ts";

/** One dimension of preference in a judge's representation. */
export interface ProbeDimension {
  readonly name: string;
  /** Mean representation of candidates that show it, shape [d]. */
  readonly centroid: readonly number[];
  /** Cosine distance up to which a candidate shows it, > 0. */
  readonly threshold: number;
}

/** Where a representation lies among the dimensions. */
export interface Probe {
  /** Dimension → 1 − cos(h, centroid), in [0, 2]; 1 where either is all zeros. */
  readonly distance: Readonly<Record<string, number>>;
  /** Dimensions within their threshold, in the order given. */
  readonly active: readonly string[];
  /** Mean over the dimensions of max(0, 1 − distance/threshold), in [0, 1]: low where the judge has seen little like it. */
  readonly confidence: number;
}

/**
 * Probes the representation that a reward was read from.
 *
 * @param hidden     representation, shape [d]
 * @param dimensions at least one
 * @throws {GatewayError} SCORE_NOT_FINITE when a number is NaN or infinite
 * @complexity O(dimensions · d), pure
 * @see Wang et al. 2025, Probing Preference Representations: A Multi-Dimensional Evaluation and Analysis Method for Reward Models, arXiv:2511.12464
 * @example probe([2, 0], [{ name: "safe", centroid: [1, 0], threshold: 0.1 }]).confidence // → 1
 */
export function probe(hidden: readonly number[], dimensions: readonly ProbeDimension[]): Probe {
  const distance: Record<string, number> = {};
  for (const { name, centroid } of dimensions) {
    requireFinite([...hidden, ...centroid], "a representation");
    distance[name] = cosineDistance(hidden, centroid);
  }
  const nearness = dimensions.map(({ name, threshold }) => Math.max(0, 1 - distance[name]! / threshold));
  return {
    distance,
    active: dimensions.filter(({ name, threshold }) => distance[name]! <= threshold).map(({ name }) => name),
    confidence: sum(nearness) / dimensions.length,
  };
}

function cosineDistance(a: readonly number[], b: readonly number[]): number {
  const lengths = Math.sqrt(sum(a.map((x) => x * x))) * Math.sqrt(sum(b.map((x) => x * x)));
  return lengths === 0 ? 1 : Math.max(0, 1 - sum(a.map((x, i) => x * b[i]!)) / lengths);
}
