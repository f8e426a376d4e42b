import { z } from "zod";
import type { ConfigProblem } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { sha256Of } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import { readText } from "./read-text.ts";

/** Fewest scores that later ones are held against: fewer say nothing of where scores fall. */
const MIN_DRIFT_SCORES = 50;

const revision = z.string().min(1);
const scores = z.array(z.number()).min(1);

/** Whose scores an entry holds, and what they came from. */
const reading = {
  judge: z.string().min(1).describe("Name of the judge in the configuration that built it."),
  objective: z.string().min(1).optional().describe("Objective that was read, where not the judge's scalar."),
  judgeRevision: revision.describe("Revision of the judge then."),
  calibration: revision.describe("Revision of the calibration then, or none."),
  space: z.enum(SCORE_SPACES).describe("Space of the calibrated scores."),
};

/** Scores in numbers, as the statistics of runs hold later ones against them. */
const statistics = {
  space: z.enum(SCORE_SPACES).describe("Space of the scores."),
  items: z.int().min(1).describe("Records with a score."),
  scores: z.int().min(MIN_DRIFT_SCORES).describe("Completions with a score."),
  mean: z.number().describe("Their mean."),
  meanError: z
    .number()
    .min(0)
    .describe("Standard error of the mean, with completions of a record and neighbouring records as alike as they are."),
  std: z.number().min(0).describe("Their standard deviation."),
  logStdError: z.number().min(0).optional().describe("Standard error of its logarithm; absent where the scores do not vary."),
  effective: z.number().positive().describe("Independent scores that would give the same error of the mean."),
  length: z
    .strictObject({ rho: z.number().min(-1).max(1), fisherError: z.number().min(0) })
    .optional()
    .describe("Spearman's correlation with length, and the standard error of its artanh; absent where one of them does not vary."),
  sorted: z.array(z.number()).min(MIN_DRIFT_SCORES).describe("Scores, ascending: up to 1,000, evenly over all of them."),
};

const common = {
  apiVersion: z.literal("rewardgate/v1").describe("Version of this format."),
  name: z.string().min(1).describe("Name of the reference, for people."),
  created: z.iso.date().describe("Date that it was built on."),
  rewardgate: z.string().min(1).describe("Version of the gateway that built it."),
  asked: z
    .union([z.strictObject({ panel: z.string().min(1) }), z.strictObject({ judge: z.string().min(1) })])
    .describe("Whose members, or which judge, it was built for."),
  data: z
    .strictObject({
      name: z.string().min(1).describe("File name."),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits"),
      side: z.enum(["chosen", "rejected", "all"]).describe("Side of its pairs that was taken."),
      records: z.int().min(1).describe("Records that were scored."),
      completions: z.int().min(1).describe("Reference completions that were scored."),
    })
    .describe("The reference completions."),
};

/** A reference artefact: what reference completions score under the judges of a configuration, tied to their revisions. */
export const referenceArtefactSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ...common,
    kind: z.literal("value").describe("One reference reward per judge."),
    rule: z
      .discriminatedUnion("method", [
        z.strictObject({ method: z.literal("quantile"), q: z.number().gt(0).lt(1) }),
        z.strictObject({ method: z.literal("mean") }),
      ])
      .describe("How the number was taken from the calibrated scores."),
    readings: z.array(z.strictObject({ ...reading, value: z.number().describe("The reference reward.") })).min(1),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("responses").describe("Scores of the reference completions of each prompt."),
    readings: z
      .array(
        z.strictObject({
          ...reading,
          responses: z
            .record(z.string().regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits"), scores)
            .describe("Digest of a prompt → calibrated scores."),
        }),
      )
      .min(1),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("distribution").describe("Sorted scores of all reference completions, or 1,001 quantiles of them."),
    readings: z
      .array(
        z.strictObject({
          ...reading,
          raw: scores.describe("Before calibration, ascending."),
          calibrated: scores.describe("After it, ascending."),
        }),
      )
      .min(1),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("drift").describe("Scores of a panel and of its members, that the statistics of runs hold later ones against."),
    panel: z
      .strictObject({ name: z.string().min(1), revision })
      .describe("The panel, and its revision then: another gives rewards that do not compare."),
    reward: z.strictObject(statistics).describe("The panel's rewards."),
    readings: z
      .array(
        z.strictObject({
          ...reading,
          ...statistics,
          member: z.string().min(1).describe("Name of the member in the panel."),
          gating: z.array(z.number()).optional().describe("Mean gating weights, in the order of the judge's objectives."),
        }),
      )
      .min(1),
  }),
]);

/** A reference artefact as its file states it. */
export type ReferenceArtefact = z.output<typeof referenceArtefactSchema>;
/** What an artefact that transforms and calibrations take says of one judge. */
export type ReferenceEntry = Exclude<ReferenceArtefact, { kind: "drift" }>["readings"][number];

/** An artefact that was read, and the digest of its bytes. */
export interface OpenedArtefact {
  readonly artefact: ReferenceArtefact;
  readonly sha256: string;
}

/** Reads a reference artefact, or says everything that is wrong with the file. */
export async function openArtefact(file: string): Promise<OpenedArtefact | { readonly problems: ConfigProblem[] }> {
  const problem = (path: string, cause: string, remedy: string): ConfigProblem => ({ file, path, cause, remedy });
  const text = await readText(file, "build it: rewardgate reference build DATA --panel NAME -o FILE");
  if (typeof text !== "string") return { problems: [problem("", text.cause, text.remedy)] };
  const data = parseJson(text);
  if (data === undefined) return { problems: [problem("", "not JSON", "build it again with rewardgate reference build")] };
  const parsed = referenceArtefactSchema.safeParse(data);
  if (parsed.success) return { artefact: parsed.data, sha256: sha256Of(text) };
  return {
    problems: findingsOf(parsed.error.issues, referenceArtefactSchema, data).map(({ path, cause, remedy }) =>
      problem(path.map(String).join("."), cause, remedy),
    ),
  };
}
