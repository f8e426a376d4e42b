import { z } from "zod";
import type { Optional } from "../../reward/missing.ts";
import { cohenKappa } from "../agreement.ts";
import { judgeCorrelations } from "../judge-correlation.ts";
import { comparisonsOf } from "../labels.ts";
import { presentPairs, spearman } from "../rank-correlation.ts";
import { epic, type ScoresByPrompt, starc } from "../reward-distance.ts";
import { byPrompt, type Column, type Scored, type ScoredRow, scoresOf } from "./rows.ts";

/** |ρ| above which two judges say the same. */
const REDUNDANT_FROM = 0.95;

export const agreementSchema = z
  .object({
    a: z.string(),
    b: z.string(),
    n: z.int().describe("Candidates that both scored."),
    pearson: z.number().nullable().describe("Over all candidates; null when a side is constant."),
    spearman: z.number().nullable(),
    redundant: z.boolean().describe(`|pearson| is above ${REDUNDANT_FROM}: the two say the same.`),
    contradictory: z.boolean().describe("pearson is below 0: the two pull in opposite directions."),
    comparisons: z.int().describe("Comparisons in which both scored both sides."),
    sameVerdict: z.number().nullable().describe("Share of the comparisons on which both prefer the same side; null without any."),
    kappa: z.number().nullable().describe("Cohen's kappa of being right, wrong or tied."),
    starc: z.number().nullable().describe("STARC distance in [0, 1]: 0 is the same order and strength within prompts, 1 the opposite."),
    prompts: z.int().describe("Prompts with two or more candidates that both scored, which STARC rests on."),
    epic: z.number().nullable().describe("Pearson distance over all candidates, in [0, 1]."),
  })
  .describe("How alike two of the panel and its members are.");
export type Agreement = z.output<typeof agreementSchema>;

/** Agreement of each two of the panel and its members; none when the panel has one member, which it then is. */
export function agreements({ scorers, rows }: Scored): Agreement[] {
  const judges = scorers.flatMap(({ role }, i) => (role === "objective" ? [] : [i]));
  if (judges.length < 3) return [];
  const scores = judges.map((i) => rows.flatMap<Optional>(scoresOf(i)));
  return judgeCorrelations(scores, REDUNDANT_FROM).flatMap(({ a, b, correlation, redundant, contradictory }) => {
    const present = presentPairs(scores[a]!, scores[b]!);
    const [i, j] = [judges[a]!, judges[b]!];
    if (present.a.length === 0) return [];
    return [
      {
        a: scorers[i]!.name,
        b: scorers[j]!.name,
        n: present.a.length,
        pearson: correlation ?? null,
        spearman: spearman(present.a, present.b) ?? null,
        redundant,
        contradictory,
        ...verdictAgreement(rows, scoresOf(i), scoresOf(j)),
        ...distancesOf(rows, scoresOf(i), scoresOf(j)),
      },
    ];
  });
}

/** Shares of equal verdicts on the comparisons. */
export function verdictAgreement(
  rows: readonly ScoredRow[],
  a: Column,
  b: Column,
): Pick<Agreement, "comparisons" | "sameVerdict" | "kappa"> {
  const verdicts = pairedVerdicts(rows, a, b);
  if (verdicts.length === 0) return { comparisons: 0, sameVerdict: null, kappa: null };
  const { observed, kappa } = cohenKappa(
    verdicts.map((verdict) => verdict.a),
    verdicts.map((verdict) => verdict.b),
  );
  return { comparisons: verdicts.length, sameVerdict: observed, kappa: kappa ?? null };
}

/** What two columns say of one comparison: 1 right, 0 a tie, −1 wrong. */
export interface PairedVerdict {
  readonly row: ScoredRow;
  readonly a: number;
  readonly b: number;
}

/** Verdicts of all comparisons of which both columns have both sides. */
export function pairedVerdicts(rows: readonly ScoredRow[], a: Column, b: Column): PairedVerdict[] {
  return rows.flatMap((row) => {
    const sides = [a(row), b(row)];
    return comparisonsOf(row.labels).flatMap(({ better, worse }) => {
      const verdicts = sides.flatMap((values) => {
        const [above, below] = [values[better], values[worse]];
        return above == null || below == null ? [] : [Math.sign(above - below)];
      });
      return verdicts.length < 2 ? [] : [{ row, a: verdicts[0]!, b: verdicts[1]! }];
    });
  });
}

/** Distances between two columns as reward functions; null where nobody scored two candidates of a prompt, or anything. */
export function distancesOf(rows: readonly ScoredRow[], a: Column, b: Column): Pick<Agreement, "starc" | "prompts" | "epic"> {
  const prompts = byPrompt(rows);
  const scoresBy = (column: Column): ScoresByPrompt => prompts.map((own) => own.flatMap<Optional>(column));
  const [left, right] = [scoresBy(a), scoresBy(b)];
  const within = starc(left, right);
  const [allLeft, allRight] = [left.flat(), right.flat()];
  const scored = allLeft.some((score, i) => score !== null && allRight[i] !== null);
  return {
    starc: within.prompts === 0 ? null : within.distance,
    prompts: within.prompts,
    epic: scored ? epic(left, right).distance : null,
  };
}
