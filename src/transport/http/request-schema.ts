import { z } from "zod";
import { OFFSET_UNITS, ROLES } from "../../domain/item.ts";
import { PRIORITIES } from "../../domain/score.ts";
import { MAX_DEADLINE_MS, MAX_WEIGHT_SETS } from "../request-options.ts";
import { MAX_CRITERIA, MAX_ID_LENGTH, MAX_LABEL_LENGTH, MAX_STEP } from "../request-rules.ts";
import { listOf } from "./list.ts";

/*
 * The JSON of a request. These schemas parse requests and give the OpenAPI document, so the two cannot differ. They know shapes
 * only; the rules that both wires share (limits, emptiness, unique ids, steering) are in ../request-rules.ts, and `minItems`
 * here tells a reader what those rules refuse.
 */

/**
 * A number that the rules take for an integer. JSON has a zero below zero; among integers there is one zero, and a store of states would
 * look for another version.
 */
export const count = z.number().overwrite((given) => (given === 0 ? 0 : given));

/** How the document writes the rules of names that are listed and addressed, which `checkLabel` holds them to. */
export const LABEL = { minLength: 1, maxLength: MAX_LABEL_LENGTH, pattern: "^[^\\x00-\\x1f\\x7f-\\x9f]+$" } as const;

const ImageUrl = z
  .strictObject({
    url: z.string().meta({ description: "The address. Never fetched: judges that take images read `data:` addresses only." }),
  })
  .meta({ id: "ImageUrl", description: "An image by address." });

const Part = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("text"), text: z.string() }),
    z.strictObject({ type: z.literal("image_url"), image_url: ImageUrl }),
  ])
  .meta({ id: "Part", description: "One part of a content. A judge that cannot take a part's type answers `not_applicable`." });

const Content = z
  .union([z.string(), listOf(Part).meta({ minItems: 1 })])
  .meta({ id: "Content", description: "Text, or typed parts in order." });

const Message = z
  .strictObject({ role: z.enum(ROLES).meta({ description: "Who speaks." }), content: Content })
  .meta({ id: "Message", description: "One turn of the prompt." });

const Prompt = z
  .union([z.string().meta({ minLength: 1 }), listOf(Message).meta({ minItems: 1 })])
  .meta({ id: "Prompt", description: "What the policy was shown: one message of the user as text, or messages, oldest first." });

const places = listOf(z.number().meta({ type: "integer", minimum: 0 }));
const Offsets = z
  .strictObject({
    unit: z.enum(OFFSET_UNITS).meta({ description: "What the numbers count: code points, as Python does, or UTF-16 code units." }),
    stepEnds: places.optional().meta({
      description:
        "Ends of the steps, ascending, each above 0: a step reaches from the end of the one before it. Text after the last is no step. " +
        "Default: the judge splits.",
    }),
    tokenEnds: places.optional().meta({
      description:
        "Ends of the policy's tokens, never falling; a token without a character repeats the end before it. Default: no rewards of tokens.",
    }),
  })
  .meta({ id: "Offsets", description: "Where parts of a candidate's text end; parts of content are joined first." });

const Candidate = z
  .strictObject({
    content: Content,
    tokens: count.optional().meta({
      type: "integer",
      minimum: 0,
      description: "Length in the policy's tokens. Needed by panels with length terms or length-weighted advantages.",
    }),
    kl: z.number().optional().meta({
      description: "KL divergence of the policy from its reference policy on this completion, nats. Needed by panels with a KL budget.",
    }),
    truncated: z.boolean().optional().meta({ description: "Whether generation was cut off before its end. Default false." }),
    offsets: Offsets.optional().meta({ description: "Where its steps and tokens end, for judges of steps." }),
  })
  .meta({ id: "Candidate", description: "One completion to be judged." });

const Criterion = z
  .strictObject({
    name: z
      .string()
      .optional()
      .meta({
        ...LABEL,
        description: "Unique within the item; findings carry it. Default: the position of the criterion, counted from 0.",
      }),
    text: z.string().meta({ minLength: 1, description: "What has to be so, in words." }),
    hard: z.boolean().optional().meta({ description: "Whether it has to hold; otherwise it weighs. Default false." }),
    weight: z.number().optional().meta({ exclusiveMinimum: 0, description: "Weight among the criteria. Default 1." }),
    dependsOn: listOf(z.string()).optional().meta({
      description: "Names of other criteria that have to be met before this one can be. Without cycles.",
    }),
  })
  .meta({
    id: "Criterion",
    description:
      "One thing that a good response does: a principle, a rule or a point of a checklist. Judges read it as data, like the prompt.",
  });

const Item = z
  .strictObject({
    id: z.string().optional().meta({
      minLength: 1,
      maxLength: MAX_ID_LENGTH,
      description:
        "Echoed in the answer. Unique within a request, and within a stream among the items not yet answered. Default: the position of the item, counted from 0.",
    }),
    prompt: Prompt,
    candidates: listOf(Candidate).meta({ minItems: 1, description: "Completions to be judged; the answer keeps their order." }),
    baselines: listOf(Candidate).optional().meta({
      description: "Completions of a reference policy for the same prompt. Judged where the panel compares with them, never rewarded.",
    }),
    reference: z.string().optional().meta({ description: "Reference answer, for judges that compare with one." }),
    criteria: listOf(Criterion).optional().meta({
      maxItems: MAX_CRITERIA,
      description: "What a good response to this item does, for judges that take principles, rubrics or checklists from the request.",
    }),
    domain: z.string().optional().meta({ maxLength: MAX_ID_LENGTH, description: "Domain label, for routing and statistics." }),
    language: z.string().optional().meta({ maxLength: MAX_ID_LENGTH, description: "BCP 47 language tag." }),
    metadata: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: "Free labels. Judges do not read them unless their configuration names a key." }),
  })
  .meta({ id: "Item", description: "The unit of work: one prompt with its candidates, which together form a group." });

const steering = {
  objectiveWeights: z.record(z.string(), z.number()).optional().meta({
    description: "Objective name → weight; negative penalises, objectives that are not named weigh 0. Steers multi-objective judges.",
  }),
  steeringMode: z
    .enum(["override", "multiply", "blend"])
    .optional()
    .meta({ description: "How the weights change a judge's gating. Default `override`. Only with `objectiveWeights`." }),
  steeringAlpha: z
    .number()
    .optional()
    .meta({ minimum: 0, maximum: 1, description: "Share of the request's weights; required with `blend`, refused without." }),
};

const WeightSet = z
  .strictObject({
    name: z.string().meta({ minLength: 1, maxLength: MAX_ID_LENGTH, description: "Unique within the request." }),
    ...steering,
    memberWeights: z
      .record(z.string(), z.number().meta({ minimum: 0 }))
      .optional()
      .meta({
        description: "Member name → weight, ≥ 0; members that are not named weigh 0. Default: the panel's weights.",
      }),
  })
  .meta({ id: "WeightSet", description: "One of several weightings of the same scores." });

const Options = z
  .strictObject({
    ...steering,
    detail: z.enum(["reward", "judges", "full"]).optional().meta({
      description: "`reward`: status and reward; `judges`: each judge's part too; `full`: objectives and gating too. Default `full`.",
    }),
    deadlineMs: z.number().optional().meta({
      type: "integer",
      minimum: 1,
      maximum: MAX_DEADLINE_MS,
      description: "Milliseconds the caller allows, from arrival. `x-request-timeout-ms` and the server's cap apply as well.",
    }),
    cache: z
      .enum(["use", "bypass", "refresh"])
      .optional()
      .meta({ description: "`use` reads and writes the score cache, `bypass` does neither, `refresh` writes only. Default `use`." }),
    priority: z.enum(PRIORITIES).optional().meta({ description: "Order in the queue. Default `standard`." }),
    weightSets: listOf(WeightSet)
      .optional()
      .meta({ maxItems: MAX_WEIGHT_SETS, description: "Further weightings, each with a reward of its own; they cost no forward pass." }),
    stateVersions: z
      .record(z.string(), count.meta({ type: "integer", minimum: 0 }))
      .optional()
      .meta({
        description: "State name → version to read instead of the current one, so that an old answer can be reproduced.",
      }),
  })
  .meta({ id: "ScoreOptions", description: "Choices of one request." });

const panel = z.string().meta({ minLength: 1, description: "Name of the panel; `GET /v1/panels` lists them." });

const training = {
  run: z
    .string()
    .exactOptional()
    .meta({
      ...LABEL,
      description: "Training run that the request belongs to; its statistics are kept under this name. Default: the gateway's, or none.",
    }),
  step: count
    .exactOptional()
    .meta({ type: "integer", minimum: 0, maximum: MAX_STEP, description: "Step of training, counted by the caller." }),
  policyVersion: z
    .string()
    .exactOptional()
    .meta({ ...LABEL, description: "Version of the policy that wrote the candidates." }),
};

export const ScoreRequestJson = z
  .strictObject({ panel, items: listOf(Item).meta({ minItems: 1 }), options: Options.optional(), ...training })
  .meta({ id: "ScoreRequest", description: "Items to be scored by one panel." });

export const ScoreStreamRequestJson = z
  .strictObject({ panel, item: Item, options: Options.optional(), ...training })
  .meta({ id: "ScoreStreamRequest", description: "One line of a stream: one item." });

export type ItemJson = z.infer<typeof Item>;
export type CandidateJson = z.infer<typeof Candidate>;
export type CriterionJson = z.infer<typeof Criterion>;
export type ContentJson = z.infer<typeof Content>;
export type PromptJson = z.infer<typeof Prompt>;
