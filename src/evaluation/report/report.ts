import { z } from "zod";
import { SCORE_SPACES } from "../../domain/score-space.ts";
import { accuracies, accuracySchema } from "./accuracy.ts";
import { agreementSchema, agreements } from "./agreement.ts";
import { benchmarkSchema, benchmarks } from "./benchmarks.ts";
import { bestOfCurves, bestOfSchema } from "./best-of.ts";
import { calibrationSchema, calibrations } from "./calibration.ts";
import { correlationSchema, correlations } from "./correlations.ts";
import { errorsSchema, worstErrors } from "./errors.ts";
import { lengthBiases, lengthSchema } from "./length.ts";
import { marginDistributions, marginsSchema } from "./margins.ts";
import { groupBy, type Scored, scoresOf } from "./rows.ts";

export const panelSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    revision: z.string(),
    aggregation: z.string().describe("Name of the aggregation; `routes` of a panel that leads to others."),
    space: z.enum(SCORE_SPACES).describe("Space of the reward; `native` where a panel routes to several."),
    members: z
      .array(
        z.object({
          name: z.string(),
          judge: z.string(),
          standing: z.string().describe("`counts`, `shadow` or `audit`."),
          weight: z.number(),
          calibration: z.string(),
          transforms: z.array(z.string()),
        }),
      )
      .describe("Empty for a panel that routes."),
  })
  .describe("The panel as it was configured.");

export const fileSchema = z
  .object({
    name: z.string(),
    records: z.int().describe("Records that were read, up to the limit."),
    sha256: z.string().nullable().describe("Digest of the file; null of standard input and of pipes."),
  })
  .describe("A file that was scored.");

export const countsSchema = z
  .object({
    records: z.int(),
    candidates: z.int(),
    unlabelled: z.int().describe("Records without labels, which are scored and say nothing."),
    failed: z.array(z.string()).describe("Ids of records that could not be read or have a candidate without a reward."),
    reasons: z
      .array(z.object({ reason: z.string(), records: z.int(), example: z.string().describe("Message of the first of them.") }))
      .describe("Why they failed, by the first failure of each; most frequent first."),
    tokens: z.int().describe("Tokens that the models read."),
    seconds: z.number().describe("Wall time of scoring."),
  })
  .describe("What was scored, and what it took.");

export const lengthUnitSchema = z
  .enum(["tokens", "words"])
  .describe("What lengths count: tokens of the panel's first judge with a tokenizer, else words by Unicode's rules.");

const provenance = {
  apiVersion: z.literal("rewardgate/v1"),
  created: z.iso.datetime().describe("When scoring ended, UTC."),
  version: z.string().describe("Version of RewardGate."),
  complete: z.boolean().describe("False when the run was interrupted; the report is then on what was scored until then."),
};

export const evalReportSchema = z
  .object({
    ...provenance,
    kind: z.literal("EvaluationReport"),
    panel: panelSchema,
    files: z.array(fileSchema),
    lengthUnit: lengthUnitSchema,
    counts: countsSchema,
    scorers: z
      .array(
        z.object({
          name: z.string(),
          role: z.enum(["panel", "member", "objective"]),
          space: z.enum(SCORE_SPACES),
          revision: z.string(),
          missing: z.int().describe("Candidates of labelled records without a score of this scorer; they count nowhere."),
        }),
      )
      .describe("Who scored: the panel by its reward, members by the calibrated score, objectives by the raw value."),
    languages: z
      .array(z.object({ tag: z.string().describe("BCP 47 tag."), records: z.int() }))
      .describe("Languages that labelled records state or are called by, in order of appearance."),
    accuracy: z.array(accuracySchema),
    margins: z.array(marginsSchema),
    calibration: z.array(calibrationSchema),
    length: z.array(lengthSchema),
    correlations: z.array(correlationSchema),
    bestOf: z.array(bestOfSchema),
    agreement: z.array(agreementSchema),
    benchmarks: z.array(benchmarkSchema),
    errors: errorsSchema,
  })
  .describe("What labelled files say of a panel and its members. Sections that the labels give nothing for are empty.");
export type EvalReport = z.output<typeof evalReportSchema>;

/** Where the scores come from. */
export type Provenance = Pick<EvalReport, "created" | "version" | "complete" | "panel" | "files" | "lengthUnit" | "counts">;

/**
 * All that scored, labelled rows say of a panel, its members and their objectives.
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a score is NaN or infinite
 * @complexity about 30 times a pass over all comparisons, for the intervals; pure
 */
export function evaluateScores(scored: Scored, provenance: Provenance): EvalReport {
  return {
    apiVersion: "rewardgate/v1",
    kind: "EvaluationReport",
    ...provenance,
    scorers: scored.scorers.map((scorer, i) => ({ ...scorer, missing: missingOf(scored, i) })),
    languages: [...groupBy(scored.rows, (row) => row.language)].map(([tag, rows]) => ({ tag, records: rows.length })),
    accuracy: accuracies(scored),
    margins: marginDistributions(scored),
    calibration: calibrations(scored),
    length: lengthBiases(scored),
    correlations: correlations(scored),
    bestOf: bestOfCurves(scored),
    agreement: agreements(scored),
    benchmarks: benchmarks(scored),
    errors: worstErrors(scored),
  };
}

function missingOf({ rows }: Scored, scorer: number): number {
  return rows.reduce((count, row) => count + scoresOf(scorer)(row).filter((score) => score === null).length, 0);
}
