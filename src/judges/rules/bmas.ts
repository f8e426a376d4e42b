import { dot, type Embedding, unitVector } from "./embeddings.ts";

/** Best-match similarity of two token sequences. */
export interface BestMatch {
  /** Mean over predicted tokens of the best cosine with a gold token. */
  readonly precision: number;
  /** Mean over gold tokens of the best cosine with a predicted token. */
  readonly recall: number;
  /** (precision + recall) / 2. */
  readonly bmas: number;
  /** Harmonic mean of both; 0 where their sum is not positive. */
  readonly f1: number;
}

/** Tokens of each side that are read. */
export const BMAS_MAX_TOKENS = 1024;

/**
 * Best-match average similarity: every token is paired with the most similar one of the other side, in both directions. Embeddings are rows of
 * a model's input table, so no forward pass is needed.
 *
 * @param prediction shape [n][d]; tokens beyond 1,024 are not read
 * @param gold       shape [m][d]
 * @returns cosines, in [−1, 1]; 0 when one side is empty; a zero vector has cosine 0 with everything
 * @complexity O(n·m·d), pure
 * @see Xu et al. 2025, Mixed-R1, arXiv:2505.24164; Zhang et al. 2020, BERTScore, arXiv:1904.09675
 * @example bestMatchSimilarity([[1, 0]], [[1, 0]]).bmas // → 1
 */
export function bestMatchSimilarity(prediction: readonly Embedding[], gold: readonly Embedding[]): BestMatch {
  if (prediction.length === 0 || gold.length === 0) return { precision: 0, recall: 0, bmas: 0, f1: 0 };
  const rows = prediction.slice(0, BMAS_MAX_TOKENS).map(unitVector);
  const columns = gold.slice(0, BMAS_MAX_TOKENS).map(unitVector);
  const bestOfColumn = new Float64Array(columns.length).fill(-Infinity);
  let rowSum = 0;
  for (const row of rows) {
    let best = -Infinity;
    for (const [j, column] of columns.entries()) {
      const cosine = dot(row, column);
      if (cosine > best) best = cosine;
      if (cosine > bestOfColumn[j]!) bestOfColumn[j] = cosine;
    }
    rowSum += best;
  }
  const precision = rowSum / rows.length;
  const recall = bestOfColumn.reduce((sum, best) => sum + best, 0) / columns.length;
  const both = precision + recall;
  return { precision, recall, bmas: both / 2, f1: both > 0 ? (2 * precision * recall) / both : 0 };
}
