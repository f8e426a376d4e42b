import { z } from "zod";
import { sum } from "../../reward/numerics.ts";
import { kendallTauB, pearson, spearman } from "../rank-correlation.ts";
import { LONGER } from "./accuracy.ts";
import { estimate, estimateSchema } from "./estimate.ts";
import {
  type Column,
  groupBy,
  lengthsOf,
  type PairedNumbers,
  pairedByPrompt,
  pool,
  type Scored,
  type ScoredRow,
  scoresOf,
} from "./rows.ts";

/** Most items of which Kendall's τ, which looks at each two of them, is computed. */
const KENDALL_LIMIT = 5_000;

export const correlationSchema = z
  .object({
    scorer: z.string().describe("Name of the scorer; `longer` is the candidate's length."),
    file: z.string().describe("File whose ratings these are; scales of two files are not mixed."),
    rating: z.string().describe("Dimension that people rated; `rating` where a file has one rating a candidate."),
    n: z.int().describe("Candidates with a score and a rating."),
    spearman: estimateSchema.describe("Over all candidates. Null for ratings that compare within a prompt only."),
    kendall: z.number().nullable().describe(`τ-b; null with more than ${KENDALL_LIMIT} candidates.`),
    pearson: z.number().nullable(),
    withinPrompt: z
      .object({
        prompts: z.int().describe("Prompts with two or more candidates that differ in score and in rating."),
        spearman: estimateSchema,
      })
      .nullable()
      .describe("Mean over prompts of the rank correlation within each; null where no prompt has two candidates."),
  })
  .describe("How a score rises with what people rated.");
export type Correlation = z.output<typeof correlationSchema>;

/** Rank correlations of every scorer, and of length, with every rating. */
export function correlations({ scorers, rows }: Scored): Correlation[] {
  const columns: [string, Column][] = [...scorers.map(({ name }, i) => [name, scoresOf(i)] as [string, Column]), [LONGER, lengthsOf]];
  return [...groupBy(rows, (row) => row.file)].flatMap(([file, own]) =>
    ratingsOf(own).flatMap((rating) =>
      columns.flatMap(([scorer, column]) => {
        const found = correlate(own, column, rating);
        return found === undefined ? [] : [{ scorer, file, rating: rating.name, ...found }];
      }),
    ),
  );
}

/** One thing that people rated. */
interface Rating {
  readonly name: string;
  readonly of: Column;
  /** Two prompts' ratings may not be compared. */
  readonly withinOnly: boolean;
}

function ratingsOf(rows: readonly ScoredRow[]): Rating[] {
  const dimensions = new Set(rows.flatMap(({ labels }) => (labels.type === "rated" ? Object.keys(labels.ratings) : [])));
  const found: Rating[] = [...dimensions].map((name) => ({
    name,
    withinOnly: false,
    of: ({ labels, lengths }) => (labels.type === "rated" ? [labels.ratings[name] ?? null] : lengths.map(() => null)),
  }));
  if (rows.some(({ labels }) => labels.type === "ranked")) {
    const of: Column = ({ labels, lengths }) => (labels.type === "ranked" ? labels.ratings : lengths.map(() => null));
    found.push({ name: "rating", withinOnly: true, of });
  }
  return found;
}

function correlate(
  rows: readonly ScoredRow[],
  column: Column,
  rating: Rating,
): Omit<Correlation, "scorer" | "file" | "rating"> | undefined {
  const clusters = pairedByPrompt(rows, column, rating.of);
  const { a, b } = pool(clusters);
  if (a.length === 0) return undefined;
  const withinPrompt = within(clusters);
  if (rating.withinOnly && withinPrompt === null) return undefined;
  const over = (measure: typeof spearman) => (rating.withinOnly ? null : (measure(a, b) ?? null));
  return {
    n: a.length,
    spearman: rating.withinOnly ? { value: null, low: null, high: null } : estimate(clusters, pooled, [-1, 1]),
    kendall: a.length > KENDALL_LIMIT ? null : over(kendallTauB),
    pearson: over(pearson),
    withinPrompt,
  };
}

function pooled(clusters: readonly PairedNumbers[]): number | undefined {
  const { a, b } = pool(clusters);
  return spearman(a, b);
}

function within(clusters: readonly PairedNumbers[]): Correlation["withinPrompt"] {
  const values = clusters.flatMap(({ a, b }) => spearman(a, b) ?? []);
  const mean = (kept: readonly number[]) => (kept.length === 0 ? undefined : sum(kept) / kept.length);
  return values.length === 0 ? null : { prompts: values.length, spearman: estimate(values, mean, [-1, 1]) };
}
