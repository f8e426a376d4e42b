import { z } from "zod";
import { quantileSorted } from "../../reward/numerics.ts";
import { fitLine } from "../line.ts";
import { spearman } from "../rank-correlation.ts";
import { estimate, estimateSchema, proportionOf, proportionSchema } from "./estimate.ts";
import { lengthsOf, type Margin, marginsOf, type PairedNumbers, pairedByPrompt, pool, type Scored, scoresOf } from "./rows.ts";

/** Bins by how much longer the better candidate is. */
const BINS = 7;

export const lengthSchema = z
  .object({
    scorer: z.string(),
    n: z.int().describe("Candidates with a score."),
    spearman: estimateSchema.describe("Rank correlation of score and length over all candidates."),
    slopePer100: estimateSchema.describe("Score per 100 units of length, by least squares."),
    betterLonger: proportionSchema.nullable().describe("Accuracy where the better candidate is the longer one."),
    betterShorter: proportionSchema.nullable().describe("Accuracy where it is the shorter one."),
    byDifference: z
      .array(
        z.object({
          from: z.number().describe("Least length of the better candidate less that of the worse in the bin."),
          to: z.number().describe("Greatest."),
          median: z.number(),
          ...proportionSchema.shape,
        }),
      )
      .describe("Accuracy by how much longer the better candidate is, in bins of about equal numbers."),
  })
  .describe("How much of a score is length. A scorer that is right only where the longer candidate is better has learnt length.");
export type Length = z.output<typeof lengthSchema>;

/** Length bias of the panel and its members. */
export function lengthBiases({ scorers, rows }: Scored): Length[] {
  return scorers.flatMap(({ name, role }, i) => {
    if (role === "objective") return [];
    const column = scoresOf(i);
    const n = rows.reduce((count, row) => count + column(row).filter((score) => score !== null).length, 0);
    if (n === 0) return [];
    const clusters = pairedByPrompt(rows, column, lengthsOf);
    const margins = marginsOf(rows, column);
    return [
      {
        scorer: name,
        n,
        spearman: estimate(clusters, spearmanOf, [-1, 1]),
        slopePer100: estimate(clusters, slopePer100),
        betterLonger: proportionOf(margins.filter((margin) => longerBy(margin) > 0)) ?? null,
        betterShorter: proportionOf(margins.filter((margin) => longerBy(margin) < 0)) ?? null,
        byDifference: byDifference(margins),
      },
    ];
  });
}

function spearmanOf(clusters: readonly PairedNumbers[]): number | undefined {
  const { a, b } = pool(clusters);
  return spearman(a, b);
}

function slopePer100(clusters: readonly PairedNumbers[]): number | undefined {
  const { a: scores, b: lengths } = pool(clusters);
  const { slope, degenerate } = fitLine(lengths, scores);
  return degenerate ? undefined : 100 * slope;
}

/** Length of the better candidate less that of the worse. */
function longerBy({ row, better, worse }: Margin): number {
  return row.lengths[better]! - row.lengths[worse]!;
}

function byDifference(margins: readonly Margin[]): Length["byDifference"] {
  const sorted = Float64Array.from(margins, longerBy).sort();
  if (sorted.length === 0) return [];
  const edges = Array.from({ length: BINS - 1 }, (_, b) => quantileSorted(sorted, (b + 1) / BINS));
  const bins = Array.from({ length: BINS }, () => [] as Margin[]);
  for (const margin of margins) bins[edges.filter((edge) => longerBy(margin) > edge).length]!.push(margin);
  return bins.flatMap((inside) => {
    const share = proportionOf(inside);
    if (share === undefined) return [];
    const differences = Float64Array.from(inside, longerBy).sort();
    return [{ from: differences[0]!, to: differences.at(-1)!, median: quantileSorted(differences, 0.5), ...share }];
  });
}
