import { z } from "zod";
import { sum } from "../../reward/numerics.ts";
import { clusterInterval, wilson } from "../intervals.ts";
import { jackknifeInterval } from "../jackknife.ts";
import { addCounts, countPair, NO_PAIRS, type PairCounts, pairAccuracy, pairsOf } from "../pair-accuracy.ts";
import { type Column, groupBy, type Margin, marginsOf, type ScoredRow } from "./rows.ts";

/** Groups of the jackknife. */
const GROUPS = 30;

export const estimateSchema = z
  .object({
    value: z.number().nullable().describe("Null where it is undefined, such as a correlation with a constant."),
    low: z.number().nullable().describe("Lower end of the interval of 95 %; null where too few prompts are there for one."),
    high: z.number().nullable().describe("Upper end of it."),
  })
  .describe("A number with an interval of 95 %, by the delete-a-group jackknife over prompts.");
export type Estimate = z.output<typeof estimateSchema>;

export const proportionSchema = z
  .object({
    n: z.int().describe("Comparisons of a better with a worse candidate."),
    prompts: z.int().describe("Distinct prompts that they belong to."),
    ties: z.int().describe("Comparisons with equal scores; each counts one half."),
    accuracy: z.number().describe("Share of comparisons in which the better candidate scores higher."),
    low: z.number().describe("Lower end of the interval of 95 %."),
    high: z.number().describe("Upper end of it."),
    interval: z
      .enum(["wilson", "cluster"])
      .describe("`wilson` where each prompt has one comparison, `cluster` (a ratio estimate over prompts) where some have more."),
  })
  .describe("Accuracy with its interval.");
export type Proportion = z.output<typeof proportionSchema>;

/** A statistic of clusters that are independent of each other, with its interval; values outside the bounds are cut off. */
export function estimate<T>(
  clusters: readonly T[],
  statistic: (clusters: readonly T[]) => number | undefined,
  [least, most]: readonly [number, number] = [-Infinity, Infinity],
): Estimate {
  const interval = jackknifeInterval(clusters, statistic, GROUPS);
  return {
    value: statistic(clusters) ?? null,
    low: interval ? Math.max(least, interval.low) : null,
    high: interval ? Math.min(most, interval.high) : null,
  };
}

/** The mean of values, with an interval over the prompts that they belong to. */
export function estimateMean(
  values: readonly { readonly prompt: string; readonly value: number }[],
  bounds: readonly [number, number] = [-Infinity, Infinity],
): Estimate {
  const clusters = [...groupBy(values, ({ prompt }) => prompt).values()].map((own) => ({
    total: sum(own.map(({ value }) => value)),
    n: own.length,
  }));
  return estimate(
    clusters,
    (kept) =>
      ratioOf(
        kept,
        ({ total }) => total,
        ({ n }) => n,
      ),
    bounds,
  );
}

/** Σ above / Σ below; undefined where there is nothing below. */
export function ratioOf<T>(clusters: readonly T[], above: (cluster: T) => number, below: (cluster: T) => number): number | undefined {
  const divisor = sum(clusters.map(below));
  return divisor === 0 ? undefined : sum(clusters.map(above)) / divisor;
}

/** Accuracy of a column on the comparisons of some rows; undefined when there are none. */
export function accuracyOf(rows: readonly ScoredRow[], column: Column): Proportion | undefined {
  return proportionOf(marginsOf(rows, column));
}

/** Accuracy of margins; undefined when there are none. */
export function proportionOf(margins: readonly Margin[]): Proportion | undefined {
  if (margins.length === 0) return undefined;
  const clusters = [...groupBy(margins, ({ row }) => row.prompt).values()].map(countMargins);
  const counts = clusters.reduce(addCounts, NO_PAIRS);
  const shares = clusters.map((own) => ({ k: own.right + own.ties / 2, n: pairsOf(own) }));
  const n = pairsOf(counts);
  const single = shares.every((share) => share.n === 1);
  const { low, high } = single ? wilson(counts.right + counts.ties / 2, n) : clusterInterval(shares);
  return {
    n,
    prompts: clusters.length,
    ties: counts.ties,
    accuracy: pairAccuracy(counts),
    low,
    high,
    interval: single ? "wilson" : "cluster",
  };
}

/** How margins came out. */
export function countMargins(margins: readonly Margin[]): PairCounts {
  return margins.reduce((counts, { margin }) => countPair(counts, margin, 0), NO_PAIRS);
}
