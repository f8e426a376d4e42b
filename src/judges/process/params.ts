import { z } from "zod";
import type { ScoreSpace } from "../../domain/score-space.ts";
import { STEP_AGGREGATIONS, type StepAggregation } from "../../reward/process/step-scores.ts";
import { SERVED_KEYS } from "../shared/served-keys.ts";

const text = (what: string) => z.string().min(1).describe(what);

/** How a text is split into steps. */
export const splitting = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("marker").describe("At a text between steps."), marker: text("The text, a blank line for example.") }),
  z.strictObject({ by: z.literal("lines").describe("Every line that is not blank is a step.") }),
  z.strictObject({
    by: z.literal("headings").describe("At headings at the start of a line, as `Step 2:`, counted from 1."),
    word: text("The word before the number."),
  }),
  z.strictObject({
    by: z.literal("tags").describe("What stands between two tags; text outside of them is not read."),
    open: text("The opening tag."),
    close: text("The closing tag."),
  }),
  z.strictObject({ by: z.literal("offsets").describe("Only as the request says; a candidate without `stepEnds` is refused.") }),
]);

const shaping = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("none").describe("A step's reward is its score.") }),
  z.strictObject({
    by: z.literal("clip").describe("min(score − eta, 0): a step can only cost."),
    eta: z.number().min(0).max(1).describe("Score from which a step costs nothing."),
  }),
  z.strictObject({ by: z.literal("delta").describe("A step's score less that of the next: repeating good steps earns nothing.") }),
  z.strictObject({
    by: z.literal("clipDelta").describe("Clip, then delta."),
    eta: z.number().min(0).max(1).describe("Score from which a step costs nothing."),
  }),
]);

/** What a judge of steps does with a response and with the scores of its steps, wherever its model runs. */
export const stepSettings = {
  marker: text("What the model reads after each step, and where it scores the step: a special token of its vocabulary."),
  maxSteps: z.int().min(1).max(4_096).describe("Most steps of a candidate; one with more is refused."),
  steps: splitting
    .prefault({ by: "marker", marker: "\n\n" })
    .describe("How a response is split into steps where the request does not say. Default at blank lines."),
  reading: z
    .enum(["probability", "logit"])
    .describe("What the model gives for a step: the probability that it is right, or the logit of that."),
  aggregation: z
    .enum(STEP_AGGREGATIONS)
    .default("min")
    .describe("How the scores of the steps become the score of the candidate. Default the least of them."),
  shaping: shaping.prefault({ by: "none" }).describe("How scores of steps become rewards of steps and tokens. Default as they are."),
  placement: z
    .enum(["lastToken", "uniform"])
    .default("lastToken")
    .describe("Where the reward of a step goes: on its last token, or in equal parts on its tokens. Default the last token."),
};

/** What `rewardgate.yaml` says about a process reward model that an engine serves. */
export const servedProcessSchema = z
  .strictObject({
    kind: z.literal("process").describe("A process reward model, which scores each step."),
    ...SERVED_KEYS,
    ...stepSettings,
    maxSteps: stepSettings.maxSteps.default(256),
    reading: z.literal("probability").default("probability").describe("The engine gives probabilities. Default probability."),
  })
  .describe("A process reward model that an engine serves.");

const settings = z.strictObject(stepSettings);
export type StepSettings = z.output<typeof settings>;

/** What the number of an aggregation means. */
export function spaceOfSteps(aggregation: StepAggregation): ScoreSpace {
  if (aggregation === "sumLogit") return "logit";
  return aggregation === "sumLogProbability" ? "logProbability" : "unit";
}
