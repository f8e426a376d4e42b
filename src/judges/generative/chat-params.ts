import { z } from "zod";
import { TOLERABLE } from "./reading.ts";

const secret = z.union([
  z.strictObject({
    env: z
      .string()
      .regex(/^[A-Za-z_]\w*$/, "the name of an environment variable")
      .describe("Environment variable."),
  }),
  z.strictObject({ file: z.string().min(1).describe("File, relative to this file.") }),
]);

/** Keys of every judge behind a chat server, besides `kind`. */
export const CHAT_JUDGE_KEYS = {
  backend: z.string().min(1).describe("Name of the backend that answers chats."),
  description: z.string().min(1).optional().describe("One sentence, for people. Default names the model."),
  license: z.string().default("").describe("SPDX licence of the model. Default none stated."),
  secret: secret
    .optional()
    .describe(
      "Secret that the delimiters around untrusted text come from; state it where answers are to be the same over restarts and replicas. " +
        "Default drawn at start.",
    ),
};

/** What {@link CHAT_JUDGE_KEYS} hold once they are read. */
export type ChatJudgeParams = z.output<z.ZodObject<typeof CHAT_JUDGE_KEYS>>;

/** How such a judge's model chooses its words. */
export const SAMPLING_KEYS = {
  samples: z.int().min(1).max(32).default(1).describe("Answers for each candidate; their scores are averaged. Default 1."),
  minValid: z.int().min(1).max(32).optional().describe("Fewest samples that must be readable. Default more than half."),
  temperature: z.number().min(0).max(2).optional().describe("Sampling temperature. Default 0 for one sample, 0.7 for several."),
  topP: z.number().gt(0).max(1).default(1).describe("Share of probability that tokens are drawn from. Default 1."),
  maxTokens: z.int().min(16).max(16_384).default(512).describe("Most tokens of one answer. Default 512."),
  seed: z.int().min(0).max(2_147_483_000).default(0).describe("Seed of the first sample; each further one adds 1. Default 0."),
};

/** What {@link SAMPLING_KEYS} hold once they are read. */
export type SamplingParams = z.output<z.ZodObject<typeof SAMPLING_KEYS>>;

/** Which answers that are not quite in form such a judge believes all the same. */
export const TOLERANCE_KEYS = {
  tolerate: z
    .array(z.enum(TOLERABLE).exclude(["outOfScale"]))
    .default([])
    .describe(
      "Answers to believe although `partial`: they leave something out, `mended`: text stands around the JSON object or it had to be " +
        "mended, `unfinished`: text follows it, `unknownNames`: they speak of what was not asked. Default none: such an answer is no answer.",
    ),
};

/** The refinement of an object with {@link SAMPLING_KEYS}: no more samples must be readable than are asked for. */
export const ENOUGH_SAMPLES: [(params: Pick<SamplingParams, "minValid" | "samples">) => boolean, { error: string; path: PropertyKey[] }] = [
  ({ minValid, samples }) => (minValid ?? 1) <= samples,
  { error: "no more can be readable than are asked for", path: ["minValid"] },
];
