import { z } from "zod";
import { sum } from "../../reward/numerics.ts";
import { averageRanks } from "../../reward/ranks.ts";
import { marginsOf, type Scored, type ScoredRow, scoresOf } from "./rows.ts";

/** Errors that are listed. */
const LISTED = 20;

const base = {
  id: z.string(),
  file: z.string(),
  subset: z.string().nullable(),
  texts: z
    .object({ prompt: z.string(), candidates: z.array(z.string()) })
    .optional()
    .describe("Only where texts were asked for."),
};

export const errorsSchema = z
  .object({
    compared: z
      .array(
        z.object({
          ...base,
          better: z.int().describe("Candidate, from 0, that people prefer."),
          worse: z.int().describe("Candidate, from 0, that the panel prefers."),
          margins: z.record(z.string(), z.number().nullable()).describe("Scorer → margin of the better over the worse candidate."),
          lengths: z.tuple([z.number(), z.number()]).describe("Lengths of the better and of the worse candidate."),
        }),
      )
      .describe("Comparisons that the panel has most wrong, one a row at most."),
    rated: z
      .array(
        z.object({
          ...base,
          reward: z.number(),
          rating: z.number().describe("Mean rating over the dimensions."),
          rankGap: z.number().describe("Rank of the reward less that of the rating, as shares of the rows; in [−1, 1]."),
          length: z.number(),
        }),
      )
      .describe("Rated candidates whose reward is furthest from their rating, by rank within a file."),
  })
  .describe("What the panel has most wrong.");
export type Errors = z.output<typeof errorsSchema>;

/** The worst errors of the panel, worst first. */
export function worstErrors({ scorers, rows }: Scored): Errors {
  const worst = new Map<ScoredRow, ReturnType<typeof marginsOf>[number]>();
  for (const found of marginsOf(rows, scoresOf(0))) {
    if (found.margin < 0 && found.margin < (worst.get(found.row)?.margin ?? 0)) worst.set(found.row, found);
  }
  const shown = scorers.flatMap(({ name, role }, i) => (role === "objective" ? [] : [{ name, i }]));
  const compared = [...worst.values()]
    .sort((a, b) => a.margin - b.margin)
    .slice(0, LISTED)
    .map(({ row, better, worse }) => {
      const margin = (i: number) => {
        const [above, below] = [row.scores[i]![better], row.scores[i]![worse]];
        return above == null || below == null ? null : above - below;
      };
      const lengths: [number, number] = [row.lengths[better]!, row.lengths[worse]!];
      return { ...named(row), better, worse, margins: Object.fromEntries(shown.map(({ name, i }) => [name, margin(i)])), lengths };
    });
  return { compared, rated: ratedErrors(rows) };
}

function ratedErrors(rows: readonly ScoredRow[]): Errors["rated"] {
  const rated = rows.flatMap((row) => {
    const reward = row.scores[0]![0];
    if (row.labels.type !== "rated" || reward == null) return [];
    const ratings = Object.values(row.labels.ratings);
    return ratings.length === 0 ? [] : [{ row, reward, rating: sum(ratings) / ratings.length }];
  });
  const files = new Set(rated.map(({ row }) => row.file));
  return [...files]
    .flatMap((file) => {
      const own = rated.filter(({ row }) => row.file === file);
      const [byReward, byRating] = [averageRanks(own.map(({ reward }) => reward)), averageRanks(own.map(({ rating }) => rating))];
      return own.map((found, i) => ({ ...found, rankGap: (byReward[i]! - byRating[i]!) / own.length }));
    })
    .sort((a, b) => Math.abs(b.rankGap) - Math.abs(a.rankGap))
    .slice(0, LISTED)
    .map(({ row, reward, rating, rankGap }) => ({ ...named(row), reward, rating, rankGap, length: row.lengths[0]! }));
}

function named({ id, file, subset, texts }: ScoredRow) {
  return {
    id,
    file,
    subset: subset ?? null,
    ...(texts && { texts: { prompt: texts.prompt, candidates: [...texts.candidates] } }),
  };
}
