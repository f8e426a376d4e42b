import { z } from "zod";
import { CHAT_JUDGE_KEYS, ENOUGH_SAMPLES, SAMPLING_KEYS } from "../generative/chat-params.ts";

const reading = z.discriminatedUnion("type", [
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
    reading: reading.prefault({ type: "score" }).describe("How the judge's number is read. Default the score that it writes, 1 to 10."),
    ...SAMPLING_KEYS,
  })
  .refine(...ENOUGH_SAMPLES)
  .describe("A judge that writes a critique and then a score, behind a chat server.");

export type CritiqueConfig = z.output<typeof critiqueSchema>;
export type CritiqueReading = CritiqueConfig["reading"];
