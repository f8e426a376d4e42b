import type { LengthCorrelation, ScoreDescription } from "../domain/run.ts";
import { sum } from "../reward/numerics.ts";
import { averageRanks } from "../reward/ranks.ts";
import { standardError } from "./chance.ts";
import type { WindowSample } from "./score-window.ts";

/**
 * Mean, spread and length correlation of a window, with standard errors that hold for correlated items.
 *
 * @param sample at least one item
 * @complexity O(n log n) for n kept scores, pure
 */
export function describeWindow(sample: WindowSample): ScoreDescription {
  const { counts, means, squares } = sample;
  const items = counts.length;
  const scores = sum(counts);
  const mean = sum(counts.map((count, i) => count * means[i]!)) / scores;
  const meanError = standardError(
    counts.map((count, i) => count * (means[i]! - mean)),
    scores,
  );
  const about = squares.map((within, i) => within + counts[i]! * (means[i]! - mean) ** 2);
  const variance = sum(about) / scores;
  const varianceError = standardError(
    about.map((square, i) => square - counts[i]! * variance),
    scores,
  );
  const length = lengthCorrelation(sample);
  return {
    items,
    scores,
    mean,
    meanError,
    std: scores < 2 ? 0 : Math.sqrt(sum(about) / (scores - 1)),
    logStdError: variance === 0 ? Infinity : varianceError / (2 * variance),
    effective: meanError === 0 ? items : Math.min(scores, variance / meanError ** 2),
    ...(length !== undefined && { length }),
  };
}

/** Ranks stand for numbers, because one endless answer with an extreme score would decide a correlation of numbers. */
function lengthCorrelation({ values, valueLengths, owners, counts }: WindowSample): LengthCorrelation | undefined {
  const score = standardRanks(values);
  const length = standardRanks(valueLengths);
  if (score === undefined || length === undefined) return undefined;
  const n = values.length;
  const rho = Math.min(1, Math.max(-1, sum(score.map((x, i) => x * length[i]!)) / n));
  const influence = new Float64Array(counts.length);
  for (let i = 0; i < n; i++) influence[owners[i]!]! += score[i]! * length[i]! - (rho / 2) * (score[i]! ** 2 + length[i]! ** 2);
  return { rho, fisherError: standardError(influence, n) / Math.max(1e-12, 1 - rho * rho) };
}

/** Ranks with mean 0 and variance 1; undefined when all are equal. */
function standardRanks(values: Float64Array): Float64Array | undefined {
  if (values.length < 2) return undefined;
  const ranks = averageRanks(values);
  const centre = (values.length + 1) / 2;
  const std = Math.sqrt(sum(ranks.map((rank) => (rank - centre) ** 2)) / ranks.length);
  return std === 0 ? undefined : ranks.map((rank) => (rank - centre) / std);
}
