import { z } from "zod";
import { languageGap } from "../language-gap.ts";
import { accuracyOf, proportionSchema } from "./estimate.ts";
import { type Column, groupBy, lengthsOf, marginsOf, type Scored, type ScoredRow, scoresOf } from "./rows.ts";

/** Language that the others are compared with. */
const PIVOT = "en";

const named = (what: string) =>
  z
    .array(z.object({ name: z.string().describe(what), ...proportionSchema.shape }))
    .describe(`Accuracy by ${what}, in order of appearance.`);

export const accuracySchema = z
  .object({
    scorer: z.string().describe("Name of the scorer; `longer` prefers the longer candidate."),
    all: proportionSchema,
    subsets: named("subset"),
    languages: named("language"),
    languageGap: z
      .object({
        pivot: z.string().describe("Language that the others are compared with."),
        gap: z.record(z.string(), z.number()).describe("Language → accuracy in the pivot less that in the language."),
        worst: z.string().describe("Language with the lowest accuracy, besides the pivot."),
      })
      .nullable()
      .describe("Null unless there are comparisons in the pivot and in another language."),
  })
  .describe("How often a scorer puts the better candidate above the worse.");
export type Accuracy = z.output<typeof accuracySchema>;

/** Accuracy of every scorer and of preferring the longer candidate; none where no label sets candidates apart. */
export function accuracies({ scorers, rows }: Scored): Accuracy[] {
  const columns: [string, Column][] = [...scorers.map(({ name }, i) => [name, scoresOf(i)] as [string, Column]), [LONGER, lengthsOf]];
  return columns.flatMap(([scorer, column]) => {
    const all = accuracyOf(rows, column);
    if (all === undefined) return [];
    const by = (key: (row: ScoredRow) => string | undefined) =>
      [...groupBy(rows, key)].flatMap(([name, own]) => {
        const share = accuracyOf(own, column);
        return share === undefined ? [] : [{ name, ...share }];
      });
    const languages = by((row) => row.language);
    return [{ scorer, all, subsets: by((row) => row.subset), languages, languageGap: gapOf(rows, column) }];
  });
}

/** Name of the baseline that prefers the longer candidate. */
export const LONGER = "longer";

function gapOf(rows: readonly ScoredRow[], column: Column): Accuracy["languageGap"] {
  const margins = groupBy(marginsOf(rows, column), ({ row }) => row.language);
  const correct = Object.fromEntries(
    [...margins].map(([language, own]) => [language, own.map(({ margin }) => (Math.sign(margin) + 1) / 2)]),
  );
  const { gap, worst } = languageGap(correct, PIVOT);
  return worst === undefined || !margins.has(PIVOT) ? null : { pivot: PIVOT, gap: { ...gap }, worst };
}
