import { z } from "zod";
import { SCORE_SPACES } from "../domain/score-space.ts";
import { ADVANTAGE_KINDS, AGGREGATION_KINDS, CALIBRATION_KINDS, constrainingParams, TRANSFORM_KINDS } from "../reward/index.ts";

const artefact = z.string().min(1).describe("Name of an artefact under `references`.");
const q = z.number().gt(0).lt(1).optional().describe("Quantile of a distribution that becomes the reference reward. Default 0.85.");
const otherJudge = z.string().min(1).optional().describe("Judge whose scores are meant. Default the member's own.");

/** What stands for an artefact under a key of a transform's parameters: one reference reward, or scores. */
function inTransform(key: string): z.ZodObject {
  return key === "reference" ? z.strictObject({ artefact, q }) : z.strictObject({ artefact });
}

/** The same of a calibration's: scores of the judge itself, or under `to` of the one whose scale is the aim. */
function inCalibration(key: string): z.ZodObject {
  return key === "to" ? z.strictObject({ artefact, judge: otherJudge }) : z.strictObject({ artefact });
}

/** A reference artefact that a parameter names. */
export interface ArtefactName {
  readonly artefact: string;
  readonly q?: number | undefined;
  readonly judge?: string | undefined;
}

interface ReferringKind {
  readonly method: string;
  readonly params: z.ZodObject;
  readonly references?: readonly string[];
}

/** `{method: <name>, …parameters}` of any of the kinds, told apart by `method`. */
function anyOf<K extends ReferringKind>(kinds: readonly K[], toArtefact: (key: string) => z.ZodObject, more: z.ZodRawShape = {}) {
  const options = kinds.map(({ method, params, references = [] }) => {
    const named = Object.fromEntries(
      references.map((key) => {
        const own = params.shape[key] as z.ZodType;
        return [key, z.union([own, toArtefact(key)]).describe(`${own.description!.replace(/\.$/, "")}; or {artefact: name}.`)];
      }),
    );
    return z.strictObject({ method: z.literal(method).describe(params.description!), ...params.shape, ...named, ...more });
  });
  return z.discriminatedUnion("method", options as unknown as [MethodSchema, ...MethodSchema[]]);
}
/** What is known of a method's parameters before its kind is looked up. */
type MethodSchema = z.ZodObject<{ method: z.ZodLiteral<string> }, z.core.$loose>;

const space = z.enum(SCORE_SPACES);

/** A calibration written into the configuration, or held by a calibration file. */
export const calibrationMethod = anyOf(CALIBRATION_KINDS, inCalibration, {
  spaceOut: space.optional().describe("Space of the calibrated score. Without it, the one that the method usually gives."),
});

const calibration = z
  .union([
    z.enum(["bundle", "none"]),
    z.strictObject({ file: z.string().min(1).describe("Calibration file, relative to the configuration file.") }),
    calibrationMethod,
  ])
  .optional()
  .describe(
    "`bundle` uses the judge's own calibration file, `none` the raw score; or {file: path}, or {method: …, parameters}. " +
      "Default bundle; none for an objective.",
  );

/** What a member and a constraint state alike: which number of which judge, on which scale. */
const reading = {
  judge: z.string().min(1).describe("Name of a judge of this file."),
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "use lower-case letters, digits and hyphens, a letter first, at most 63")
    .optional()
    .describe("Name in the panel and in answers, unique there. Default the judge's; needed when a judge is read twice."),
  objective: z
    .string()
    .min(1)
    .optional()
    .describe("Objective of a multi-objective judge to read, instead of its gated sum; its scale is the judge's own (native)."),
  calibration,
  transforms: z
    .array(anyOf(TRANSFORM_KINDS, inTransform))
    .max(16)
    .default([])
    .describe("Transforms of the calibrated score, in order. Default none."),
};

const onFailure = z
  .union([z.enum(["fail", "degrade"]), z.strictObject({ impute: z.number().describe("Transformed score that stands in.") })])
  .describe(
    "What a missing score does to a candidate: `fail` fails it, `degrade` lets the other members count with weights renormalised, " +
      "`{impute: x}` puts the transformed score x in its place. Only `fail` never answers with part of the panel.",
  );

const member = z
  .strictObject({
    ...reading,
    weight: z.number().min(0).default(1).describe("Weight in the aggregation, ≥ 0. Default 1."),
    standing: z
      .enum(["counts", "shadow", "audit"])
      .default("counts")
      .describe(
        "`counts` towards the reward; `shadow` is scored and shown with weight 0; `audit` is scored for metrics and statistics and never shown, " +
          "so that no trainer can learn it. Neither of the last two can fail a candidate. Default counts.",
      ),
    sample: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe("Share of items that a shadow or an audit scores, in (0, 1], chosen by the item's text. Default 1."),
    stage: z
      .int()
      .min(0)
      .max(7)
      .default(0)
      .describe("When it is asked: 0 at once, later ones in order and only while the item is open (see `sequence`). Default 0."),
    onFailure: onFailure.optional().describe("Failure policy of this member: fail, degrade or {impute: x}. Default the panel's."),
    required: z
      .boolean()
      .default(false)
      .describe("Whether a candidate fails without a score of this member even when the judge does not cover the item. Default false."),
  })
  .describe("One judge's place in the panel.");

const constraint = z
  .strictObject({
    ...reading,
    atLeast: z.number().optional().describe("The constraint holds where the score is this or more."),
    atMost: z.number().optional().describe("The constraint holds where the score is this or less."),
    notApplicable: z
      .enum(["unknown", "satisfied"])
      .default("unknown")
      .describe(
        "What it means that the judge does not cover an item: `unknown` fails the candidate, `satisfied` lets it pass. Default unknown.",
      ),
  })
  .describe("A judge that says yes or no: its score against a bound.");

const constraints = constrainingParams
  .extend({
    judges: z.array(constraint).min(1).max(64).describe("Every one of them has to hold."),
    baseline: z
      .union([z.literal("item"), z.number(), z.strictObject({ artefact })])
      .optional()
      .describe(
        `${constrainingParams.shape.baseline.description!.replace("or a number.", "a number, or {artefact: name} for reference completions.")}`,
      ),
  })
  .describe("Hard gates, and the inputs of constrained optimisers. A judge that fails is never taken for a yes.");

const judgingPanel = z
  .strictObject({
    description: z.string().default("").describe("One sentence for the people who choose a panel."),
    members: z.array(member).min(1).max(64).describe("The judges."),
    weights: z
      .strictObject({
        state: z.string().min(1).describe("Name of a state of kind multipliers or hedge that covers the judges that count."),
      })
      .optional()
      .describe("Weights that server state decides, in the place of the members' own."),
    sequence: z
      .strictObject({
        threshold: z
          .number()
          .optional()
          .describe(
            "Open while a candidate's reward may still come to lie on the other side of this, whatever the judges that were not asked say. " +
              "Their transformed scores need bounds.",
          ),
        best: z
          .literal(true)
          .optional()
          .describe(
            "Open while another candidate may still overtake the best, whatever the judges that were not asked say. Their transformed scores " +
              "need bounds.",
          ),
        band: z
          .strictObject({ from: z.number().describe("Least reward."), to: z.number().describe("Greatest reward.") })
          .optional()
          .describe("Open while a candidate's reward lies here: around a threshold that matters."),
        margin: z.number().positive().optional().describe("Open while the best two rewards of the item are closer than this."),
        conflict: z
          .number()
          .positive()
          .optional()
          .describe("Open while members that count are this far apart on a candidate, or further: greatest less least transformed score."),
      })
      .optional()
      .describe(
        "What leaves an item open for members of later stages; any one does, and so does a judge that failed. Whether they are asked is " +
          "decided for all candidates of an item together.",
      ),
    aggregation: anyOf(AGGREGATION_KINDS, inTransform)
      .prefault({ method: "weightedSum" })
      .describe("From members' scores to one reward. Default weightedSum."),
    constraints: constraints.optional(),
    advantages: anyOf(ADVANTAGE_KINDS, inTransform)
      .optional()
      .describe("Advantages beside the rewards, from the candidates of an item as a group. Default none."),
    onFailure: onFailure.default("fail").describe("Failure policy of members that state none: fail, degrade or {impute: x}. Default fail."),
    quorum: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Least number of members with a score of their own in a degraded answer. Default 1."),
  })
  .describe("A named set of judges that gives one reward.");

const labels = (what: string) =>
  z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .optional()
    .describe(what);

const route = z
  .strictObject({
    when: z
      .strictObject({
        domain: labels("Domain of the item, or a list of which one has to be it."),
        language: labels("BCP 47 language range: `de` takes `de` and `de-AT`. Or a list."),
        hasReference: z.boolean().optional().describe("Whether the item has a reference answer; a blank one is none."),
        metadata: z.record(z.string(), z.string()).optional().describe("Labels of the item's metadata, all of which have to be there."),
      })
      .describe("What has to hold of an item, all of it."),
    panel: z.string().min(1).describe("Panel that takes such items; it may route on."),
  })
  .describe("One row of the table.");

const routingPanel = z
  .strictObject({
    description: z.string().default("").describe("One sentence for the people who choose a panel."),
    routes: z.array(route).min(1).max(64).describe("Rows in order; the first that holds takes the item."),
    otherwise: z.string().min(1).describe("Panel that takes items that no row takes."),
  })
  .describe("A table that sends each item to a panel.");

export const panelSchema = z
  .union([judgingPanel, routingPanel])
  .describe("A named set of judges that gives one reward, or a table that sends each item to a panel.");

export type PanelConfig = z.output<typeof judgingPanel>;
export type RoutingConfig = z.output<typeof routingPanel>;
export type MemberConfig = z.output<typeof member>;
export type ConstraintConfig = z.output<typeof constraint>;
export type ReadingConfig = Pick<MemberConfig, "judge" | "name" | "objective" | "calibration" | "transforms">;
export type FailureConfig = z.output<typeof onFailure>;
export type MethodConfig = z.output<typeof calibrationMethod>;

/** Whether a panel of the configuration is a table. */
export function isRouting(panel: PanelConfig | RoutingConfig): panel is RoutingConfig {
  return "routes" in panel;
}
