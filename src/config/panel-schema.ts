import { z } from "zod";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { AGGREGATION_KINDS, CALIBRATION_KINDS, TRANSFORM_KINDS } from "../reward/index.ts";

/** `{method: <name>, …parameters}` of any of the kinds, told apart by `method`. */
function anyOf<K extends { readonly method: string; readonly params: z.ZodObject }>(kinds: readonly K[], more: z.ZodRawShape = {}) {
  const options = kinds.map(({ method, params }) =>
    z.strictObject({ method: z.literal(method).describe(params.description!), ...params.shape, ...more }),
  );
  return z.discriminatedUnion("method", options as unknown as [MethodSchema, ...MethodSchema[]]);
}
/** What is known of a method's parameters before its kind is looked up. */
type MethodSchema = z.ZodObject<{ method: z.ZodLiteral<string> }, z.core.$loose>;

const space = z.enum(SCORE_SPACES);

/** A calibration written into the configuration, or held by a calibration file. */
export const calibrationMethod = anyOf(CALIBRATION_KINDS, {
  spaceOut: space.optional().describe("Space of the calibrated score. Without it, the one that the method usually gives."),
});

const calibration = z
  .union([
    z.enum(["bundle", "none"]),
    z.strictObject({ file: z.string().min(1).describe("Calibration file, relative to the configuration file.") }),
    calibrationMethod,
  ])
  .default("bundle")
  .describe("`bundle` uses the judge's own calibration file, `none` the raw score; or {file: path}, or {method: …, parameters}.");

const onFailure = z
  .union([z.enum(["fail", "degrade"]), z.strictObject({ impute: z.number().describe("Transformed score that stands in.") })])
  .describe(
    "What a missing score does to a candidate: `fail` fails it, `degrade` lets the other members count with weights renormalised, " +
      "`{impute: x}` puts the transformed score x in its place. Only `fail` never answers with part of the panel.",
  );

const member = z
  .strictObject({
    judge: z.string().min(1).describe("Name of a judge of this file."),
    weight: z.number().min(0).default(1).describe("Weight in the aggregation, ≥ 0. Default 1."),
    calibration,
    transforms: z.array(anyOf(TRANSFORM_KINDS)).max(16).default([]).describe("Transforms of the calibrated score, in order. Default none."),
    onFailure: onFailure.optional().describe("Failure policy of this member: fail, degrade or {impute: x}. Default the panel's."),
    required: z
      .boolean()
      .default(false)
      .describe("Whether a candidate fails without a score of this member even when the judge does not cover the item. Default false."),
  })
  .describe("One judge's place in the panel.");

export const panelSchema = z
  .strictObject({
    description: z.string().default("").describe("One sentence for the people who choose a panel."),
    members: z.array(member).min(1).max(64).describe("The judges, each once."),
    aggregation: anyOf(AGGREGATION_KINDS)
      .prefault({ method: "weightedSum" })
      .describe("From members' scores to one reward. Default weightedSum."),
    onFailure: onFailure.default("fail").describe("Failure policy of members that state none: fail, degrade or {impute: x}. Default fail."),
    quorum: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Least number of members with a score of their own in a degraded answer. Default 1."),
  })
  .describe("A named set of judges that gives one reward.");

export type PanelConfig = z.output<typeof panelSchema>;
export type MemberConfig = z.output<typeof member>;
export type FailureConfig = z.output<typeof onFailure>;
export type MethodConfig = z.output<typeof calibrationMethod>;
