import { z } from "zod";
import type { Optional } from "../../reward/missing.ts";
import { sum } from "../../reward/numerics.ts";
import { mcnemarExact, pairedDifference } from "../paired-difference.ts";
import { presentPairs, spearman } from "../rank-correlation.ts";
import { type Agreement, agreementSchema, distancesOf, type PairedVerdict, pairedVerdicts, verdictAgreement } from "./agreement.ts";
import { accuracyOf, proportionSchema } from "./estimate.ts";
import { binsSchema, quantilesSchema, spreadOf } from "./margins.ts";
import { countsSchema, fileSchema, lengthUnitSchema, type Provenance, panelSchema } from "./report.ts";
import { groupBy, type Scored, type ScoredRow, type Scorer, scoresOf } from "./rows.ts";

/** Items that moved most which are listed. */
const LISTED = 20;
/** Probability of a difference this large by chance, below which it is called one. */
const SIGNIFICANT = 0.05;

const differenceSchema = z
  .object({
    n: z.int().describe("Comparisons that both scored."),
    prompts: z.int().describe("Distinct prompts that they belong to."),
    a: z.number().describe("Accuracy of A on them."),
    b: z.number().describe("Accuracy of B on them."),
    difference: z.number().describe("B less A."),
    low: z.number().describe("Lower end of the interval of 95 %, paired, over prompts."),
    high: z.number().describe("Upper end of it."),
    onlyA: z.int().describe("Prompts on whose comparisons A does better."),
    onlyB: z.int().describe("Prompts on whose comparisons B does better."),
    p: z
      .number()
      .describe(
        "Exact probability of a split so uneven, or more, if both were as good: McNemar's test; the sign test where a prompt has several comparisons.",
      ),
    verdict: z.enum(["b-better", "a-better", "no-difference-shown"]).describe(`By p below ${SIGNIFICANT}.`),
  })
  .describe("Whether the difference in accuracy matters.");
export type Difference = z.output<typeof differenceSchema>;

const movedSchema = z.object({
  id: z.string(),
  file: z.string(),
  subset: z.string().nullable(),
  candidate: z.int().describe("Candidate of the item, from 0."),
  a: z.number(),
  b: z.number(),
  texts: z
    .object({ prompt: z.string(), candidates: z.array(z.string()) })
    .optional()
    .describe("Only where texts were asked for."),
});

const scorerComparisonSchema = z
  .object({
    scorer: z.string().describe("`panel` for the rewards of the two panels, else the member or objective that both have."),
    role: z.enum(["panel", "member", "objective"]),
    n: z.int().describe("Candidates that both scored."),
    onlyA: z.int().describe("Candidates that only A scored."),
    onlyB: z.int().describe("Candidates that only B scored."),
    identical: z.int().describe("Candidates whose score is equal to the last bit."),
    change: z
      .object({
        mean: z.number(),
        std: z.number().describe("Standard deviation, divisor n − 1."),
        quantiles: quantilesSchema,
        bins: binsSchema,
        largest: z.number().describe("Largest absolute change."),
      })
      .describe("Score of B less that of A."),
    spearman: z.number().nullable().describe("Rank correlation of the two over all candidates."),
    starc: agreementSchema.shape.starc,
    epic: agreementSchema.shape.epic,
    prompts: agreementSchema.shape.prompts,
    sameVerdict: agreementSchema.shape.sameVerdict,
    kappa: agreementSchema.shape.kappa,
    flips: z
      .object({
        bothRight: z.int(),
        onlyA: z.int().describe("Comparisons that only A has right."),
        onlyB: z.int().describe("Comparisons that only B has right."),
        neither: z.int().describe("Comparisons that neither has right; a tie is not right."),
      })
      .nullable()
      .describe("How verdicts on the comparisons moved; null where labels set no candidates apart."),
    accuracy: z
      .object({
        a: proportionSchema,
        b: proportionSchema,
        all: differenceSchema,
        subsets: z.array(differenceSchema.extend({ name: z.string() })),
      })
      .nullable()
      .describe("Null where labels set no candidates apart."),
    ratings: z
      .array(z.object({ file: z.string(), rating: z.string(), n: z.int(), a: z.number().nullable(), b: z.number().nullable() }))
      .describe("Rank correlation with each rating under A and under B."),
  })
  .describe("What moved between two scorings of the same candidates.");
export type ScorerComparison = z.output<typeof scorerComparisonSchema>;

const sideSchema = z.object({
  config: z.string().describe("Configuration file."),
  panel: panelSchema,
  counts: countsSchema,
});

export const compareReportSchema = z
  .object({
    apiVersion: z.literal("rewardgate/v1"),
    kind: z.literal("ComparisonReport"),
    created: z.iso.datetime(),
    version: z.string(),
    complete: z.boolean().describe("False when the run was interrupted; the report is then on what both sides scored until then."),
    a: sideSchema,
    b: sideSchema,
    files: z.array(fileSchema),
    lengthUnit: lengthUnitSchema,
    rows: z.int().describe("Labelled records that both sides scored."),
    scorers: z.array(scorerComparisonSchema),
    moved: z.array(movedSchema).describe("Candidates whose reward moved most, largest move first."),
  })
  .describe("What moved between two panels, configurations or revisions of a judge, and whether it matters.");
export type CompareReport = z.output<typeof compareReportSchema>;

/** One of the two sides. */
export interface Side {
  readonly config: string;
  readonly scored: Scored;
  readonly provenance: Provenance;
}

/**
 * Compares two scorings of the same files.
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity a few passes over all comparisons, pure
 */
export function compareScores(a: Side, b: Side): CompareReport {
  const rows = joinRows(a.scored, b.scored);
  const { created, version, files, lengthUnit } = b.provenance;
  const side = ({ config, provenance: { panel, counts } }: Side) => ({ config, panel, counts });
  return {
    apiVersion: "rewardgate/v1",
    kind: "ComparisonReport",
    created,
    version,
    complete: a.provenance.complete && b.provenance.complete,
    a: side(a),
    b: side(b),
    files,
    lengthUnit,
    rows: rows.length,
    scorers: sharedScorers(a.scored.scorers, b.scored.scorers).flatMap(({ name, role, i, j }) => {
      const found = compareColumns(rows, { i, j: a.scored.scorers.length + j });
      return found === undefined ? [] : [{ scorer: name, role, ...found }];
    }),
    moved: mostMoved(rows, a.scored.scorers.length),
  };
}

/** Rows that both sides scored, with the scores of A first and those of B after them. */
function joinRows(a: Scored, b: Scored): ScoredRow[] {
  const keyOf = ({ file, id, prompt, labels }: ScoredRow) => JSON.stringify([file, id, prompt, labels]);
  // Ids may repeat; the same record stands at the same place among its equals.
  const byKey = groupBy([...b.rows], keyOf);
  return a.rows.flatMap((row) => {
    const other = byKey.get(keyOf(row))?.shift();
    return other === undefined ? [] : [{ ...row, scores: [...row.scores, ...other.scores] }];
  });
}

/** A scorer of both sides, by its place on each. */
interface Shared {
  readonly name: string;
  readonly role: Scorer["role"];
  readonly i: number;
  readonly j: number;
}

/** The two panels, and members and objectives that have the same name on both sides. */
function sharedScorers(a: readonly Scorer[], b: readonly Scorer[]): Shared[] {
  return a.flatMap<Shared>(({ name, role }, i) => {
    if (role === "panel") return [{ name: "panel", role, i, j: b.findIndex((other) => other.role === "panel") }];
    const j = b.findIndex((other) => other.role === role && other.name === name);
    return j < 0 ? [] : [{ name, role, i, j }];
  });
}

function compareColumns(
  rows: readonly ScoredRow[],
  { i, j }: { readonly i: number; readonly j: number },
): Omit<ScorerComparison, "scorer" | "role"> | undefined {
  const [a, b] = [scoresOf(i), scoresOf(j)];
  const [allA, allB] = [rows.flatMap<Optional>(a), rows.flatMap<Optional>(b)];
  const both = presentPairs(allA, allB);
  if (both.a.length === 0) return undefined;
  const changes = both.b.map((score, at) => score - both.a[at]!).sort();
  const verdicts = pairedVerdicts(rows, a, b);
  const [shareA, shareB] = [accuracyOf(rows, a), accuracyOf(rows, b)];
  const { sameVerdict, kappa }: Pick<Agreement, "sameVerdict" | "kappa"> = verdictAgreement(rows, a, b);
  return {
    n: both.a.length,
    onlyA: allA.filter((score, at) => score !== null && allB[at] === null).length,
    onlyB: allB.filter((score, at) => score !== null && allA[at] === null).length,
    identical: changes.filter((change) => change === 0).length,
    change: { ...spreadOf(changes), largest: Math.max(-changes[0]!, changes.at(-1)!) },
    spearman: spearman(both.a, both.b) ?? null,
    ...distancesOf(rows, a, b),
    sameVerdict,
    kappa,
    flips: verdicts.length === 0 ? null : flipsOf(verdicts),
    accuracy:
      verdicts.length === 0 || shareA === undefined || shareB === undefined
        ? null
        : {
            a: shareA,
            b: shareB,
            all: differenceOf(verdicts),
            subsets: [...groupBy(verdicts, ({ row }) => row.subset)].map(([name, own]) => ({ name, ...differenceOf(own) })),
          },
    ratings: ratingsOf(rows, i, j),
  };
}

function flipsOf(verdicts: readonly PairedVerdict[]): NonNullable<ScorerComparison["flips"]> {
  const count = (rightA: boolean, rightB: boolean) => verdicts.filter(({ a, b }) => a > 0 === rightA && b > 0 === rightB).length;
  return { bothRight: count(true, true), onlyA: count(true, false), onlyB: count(false, true), neither: count(false, false) };
}

/** Credit of a verdict: 1 right, ½ a tie, 0 wrong. */
const creditOf = (verdict: number) => (verdict + 1) / 2;

function differenceOf(verdicts: readonly PairedVerdict[]): Difference {
  const clusters = [...groupBy(verdicts, ({ row }) => row.prompt).values()].map((own) => ({
    a: sum(own.map(({ a }) => creditOf(a))),
    b: sum(own.map(({ b }) => creditOf(b))),
    n: own.length,
  }));
  const onlyA = clusters.filter(({ a, b }) => a > b).length;
  const onlyB = clusters.filter(({ a, b }) => b > a).length;
  const p = mcnemarExact(onlyA, onlyB);
  const over = (credit: (cluster: (typeof clusters)[number]) => number) => sum(clusters.map(credit)) / verdicts.length;
  return {
    n: verdicts.length,
    prompts: clusters.length,
    a: over(({ a }) => a),
    b: over(({ b }) => b),
    ...pairedDifference(clusters),
    onlyA,
    onlyB,
    p,
    verdict: p >= SIGNIFICANT ? "no-difference-shown" : onlyB > onlyA ? "b-better" : "a-better",
  };
}

function ratingsOf(rows: readonly ScoredRow[], i: number, j: number): ScorerComparison["ratings"] {
  const rated = rows.flatMap((row) => {
    const [a, b] = [row.scores[i]![0], row.scores[j]![0]];
    return row.labels.type === "rated" && a != null && b != null ? [{ file: row.file, ratings: row.labels.ratings, a, b }] : [];
  });
  return [...groupBy(rated, ({ file }) => file)].flatMap(([file, inFile]) =>
    [...new Set(inFile.flatMap(({ ratings }) => Object.keys(ratings)))].map((rating) => {
      const own = inFile.filter(({ ratings }) => Object.hasOwn(ratings, rating));
      const truth = own.map(({ ratings }) => ratings[rating]!);
      const [a, b] = [own.map((row) => row.a), own.map((row) => row.b)];
      return { file, rating, n: own.length, a: spearman(a, truth) ?? null, b: spearman(b, truth) ?? null };
    }),
  );
}

function mostMoved(rows: readonly ScoredRow[], panelOfB: number): CompareReport["moved"] {
  return rows
    .flatMap((row) =>
      row.lengths.flatMap((_, candidate) => {
        const [a, b] = [row.scores[0]![candidate], row.scores[panelOfB]![candidate]];
        return a == null || b == null || a === b ? [] : [{ row, candidate, a, b }];
      }),
    )
    .sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a))
    .slice(0, LISTED)
    .map(({ row: { id, file, subset, texts }, ...move }) => ({
      id,
      file,
      subset: subset ?? null,
      ...move,
      ...(texts && { texts: { prompt: texts.prompt, candidates: [...texts.candidates] } }),
    }));
}
