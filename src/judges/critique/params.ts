import { z } from "zod";

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

const secret = z.union([
  z.strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, "the name of an environment variable")
      .describe("Environment variable."),
  }),
  z.strictObject({ file: z.string().min(1).describe("File, relative to this file.") }),
]);

/** What `rewardgate.yaml` says about a judge that writes a critique and then a score. */
export const critiqueSchema = z
  .strictObject({
    kind: z.literal("critique").describe("A model that writes a critique and then a score."),
    backend: z.string().min(1).describe("Name of the backend that answers chats."),
    description: z.string().min(1).optional().describe("One sentence, for people. Default names the model."),
    license: z.string().default("").describe("SPDX licence of the model. Default none stated."),
    rubric: z
      .union([
        z.strictObject({ text: z.string().min(1).describe("The rubric itself.") }),
        z.strictObject({ file: z.string().min(1).describe("File with the rubric, relative to this file.") }),
      ])
      .describe("What a good response is. Its text is part of the judge's revision."),
    reading: reading.prefault({ type: "score" }).describe("How the judge's number is read. Default the score that it writes, 1 to 10."),
    samples: z.int().min(1).max(32).default(1).describe("Critiques for each candidate; their scores are averaged. Default 1."),
    minValid: z.int().min(1).max(32).optional().describe("Fewest samples that must be readable. Default more than half."),
    temperature: z.number().min(0).max(2).optional().describe("Sampling temperature. Default 0 for one sample, 0.7 for several."),
    topP: z.number().gt(0).max(1).default(1).describe("Share of probability that tokens are drawn from. Default 1."),
    maxTokens: z.int().min(16).max(16_384).default(512).describe("Most tokens of critique and score together. Default 512."),
    seed: z.int().min(0).max(2_147_483_000).default(0).describe("Seed of the first sample; each further one adds 1. Default 0."),
    secret: secret
      .optional()
      .describe(
        "Secret that the delimiters around untrusted text come from; state it where answers are to be the same over restarts and replicas. " +
          "Default drawn at start.",
      ),
  })
  .refine(({ minValid, samples }) => (minValid ?? 1) <= samples, {
    error: "no more can be readable than are asked for",
    path: ["minValid"],
  })
  .describe("A judge that writes a critique and then a score, behind a chat server.");

export type CritiqueConfig = z.output<typeof critiqueSchema>;
export type CritiqueReading = CritiqueConfig["reading"];
