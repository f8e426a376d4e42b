import { z } from "zod";
import { CHAT_JUDGE_KEYS, canBePrecise, ENOUGH_SAMPLES, NEVER_PRECISE, SAMPLING_KEYS } from "../generative/chat-params.ts";
import { ROUNDS_NEED_TOOLS, TOOL_KEYS } from "./tool-params.ts";

const readingSchema = z.discriminatedUnion("type", [
  z
    .strictObject({
      type: z.literal("score").describe("The score that the judge writes."),
      lo: z.int().min(0).max(99).default(1).describe("Lowest score. Default 1."),
      hi: z.int().min(1).max(100).default(10).describe("Highest score. Default 10."),
    })
    .refine(({ lo, hi }) => lo < hi, { error: "the highest score is above the lowest", path: ["hi"] }),
  z
    .strictObject({
      type: z.literal("rating").describe("The mean score under the probabilities of the score's token."),
      lo: z.int().min(0).max(8).default(1).describe("Lowest score. Default 1."),
      hi: z.int().min(1).max(9).default(5).describe("Highest score, one digit, since its token is read. Default 5."),
      minMass: z
        .number()
        .min(0)
        .max(1)
        .default(0.5)
        .describe("Least probability of all scores together; below it the judge abstains. Default 0.5."),
    })
    .refine(({ lo, hi }) => lo < hi, { error: "the highest score is above the lowest", path: ["hi"] }),
  z.strictObject({
    type: z.literal("yes").describe("The probability of yes against no, at the token of the verdict."),
    minMass: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe("Least probability of yes and no together; below it the judge abstains. Default 0.5."),
  }),
]);

const style = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("plain").describe("A critique, then the verdict.") }),
  z.strictObject({
    type: z
      .literal("depth")
      .describe("A draft of the critique, what it overlooks, the critique revised, then the verdict; all in one answer."),
  }),
  z
    .strictObject({
      type: z
        .literal("breadth")
        .describe("A critique and a verdict for each aspect, each in a call that names no other; their weighted mean."),
      aspects: z
        .array(
          z
            .strictObject({
              name: z.string().min(1).max(128).describe("Name of the aspect; findings carry it."),
              text: z.string().trim().min(1).describe("What to look at under the rubric."),
              weight: z.number().gt(0).max(1e6).default(1).describe("Share in the score, relative to the others. Default 1."),
            })
            .describe("An aspect."),
        )
        .min(2)
        .max(16)
        .describe("Aspects, at least two, with distinct names."),
    })
    .refine(({ aspects }) => new Set(aspects.map(({ name }) => name)).size === aspects.length, {
      error: "an aspect's name is given twice",
      path: ["aspects"],
    }),
]);

/** What `rewardgate.yaml` says about a judge that writes a critique and then a score. */
export const critiqueSchema = z
  .strictObject({
    kind: z.literal("critique").describe("A model that writes a critique and then a score."),
    ...CHAT_JUDGE_KEYS,
    rubric: z
      .union([
        z.strictObject({ text: z.string().min(1).describe("The rubric itself.") }),
        z.strictObject({ file: z.string().min(1).describe("File with the rubric, relative to this file.") }),
      ])
      .describe("What a good response is. Its text is part of the judge's revision."),
    reference: z
      .enum(["hide", "show"])
      .default("hide")
      .describe(
        "Whether the judge is shown the item's reference answer, for rubrics that speak of it; items without one are then not applicable. Default hide.",
      ),
    reading: readingSchema
      .prefault({ type: "score" })
      .describe("How the judge's number is read. Default the score that it writes, 1 to 10."),
    style: style
      .prefault({ type: "plain" })
      .describe(
        "How the judge comes to its verdict: `depth` suits what is right or wrong, `breadth` what is a matter of several tastes. Default plain.",
      ),
    ...TOOL_KEYS,
    ...SAMPLING_KEYS,
  })
  .refine(...ENOUGH_SAMPLES)
  .refine(...ROUNDS_NEED_TOOLS)
  .refine((params) => canBePrecise(params, valuesOf(params.reading)), NEVER_PRECISE)
  .describe("A judge that writes a critique and then a score, behind a chat server.");

/** How many values the score of one answer can take; undefined for any number between 0 and 1. */
export function valuesOf(reading: z.output<typeof readingSchema>): number | undefined {
  return reading.type === "score" ? reading.hi - reading.lo + 1 : undefined;
}

export type CritiqueConfig = z.output<typeof critiqueSchema>;
export type CritiqueReading = CritiqueConfig["reading"];
export type CritiqueStyle = CritiqueConfig["style"];
