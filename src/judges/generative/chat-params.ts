import { z } from "zod";
import { evenVoteVariance, moderatedError } from "./enough-votes.ts";
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

const samples = z
  .union([
    z.int().min(1).max(32),
    z
      .strictObject({
        min: z.int().min(2).max(32).default(2).describe("Answers that are always drawn. Default 2."),
        max: z.int().min(2).max(32).describe("Most answers."),
        standardError: z
          .number()
          .gt(0)
          .max(0.5)
          .optional()
          .describe(
            "Enough is a standard error of the mean score of no more than this; it is never 0, however well answers agree. Default none.",
          ),
        threshold: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe("Enough is a mean score more than two standard errors away from this one. Default none."),
      })
      .refine(({ min, max }) => min <= max, { error: "the most is no less than the least", path: ["max"] })
      .refine(({ standardError, threshold }) => standardError !== undefined || threshold !== undefined, {
        error: "state a standardError, a threshold or both; without one a number says it all",
        path: ["standardError"],
      })
      .describe("As many answers as it takes, drawn one after the other."),
  ])
  .default(1)
  .describe("Answers for each candidate; their scores are averaged. A number, or how to tell when there are enough. Default 1.");

/** A number of answers, or how to tell when there are enough. */
export type Samples = z.output<typeof samples>;

/** How such a judge's model chooses its words. */
export const SAMPLING_KEYS = {
  samples,
  minValid: z.int().min(1).max(32).optional().describe("Fewest samples that must be readable. Default more than half."),
  temperature: z.number().min(0).max(2).optional().describe("Sampling temperature. Default 0 for one sample, 0.7 for several."),
  topP: z.number().gt(0).max(1).default(1).describe("Share of probability that tokens are drawn from. Default 1."),
  maxTokens: z.int().min(16).max(16_384).default(512).describe("Most tokens of one answer. Default 512."),
  seed: z.int().min(0).max(2_147_483_000).default(0).describe("Seed of the first sample; each further one adds 1. Default 0."),
};

/** What {@link SAMPLING_KEYS} hold once they are read. */
export type SamplingParams = z.output<z.ZodObject<typeof SAMPLING_KEYS>>;

/**
 * Whether the most answers that may be drawn, all alike, are as precise as is asked.
 *
 * @param values how many values the score of one answer can take; absent: any number
 */
export function canBePrecise({ samples }: { readonly samples: Samples }, values?: number): boolean {
  if (typeof samples === "number" || samples.standardError === undefined) return true;
  return moderatedError(Array(samples.max).fill(0), evenVoteVariance(values)) <= samples.standardError;
}

/** What is wrong where {@link canBePrecise} says no. */
export const NEVER_PRECISE = {
  error: "is less than what `max` answers leave that all agree; raise one of the two",
  path: ["samples", "standardError"],
};

/** Most answers that may be drawn. */
export function mostSamples(samples: Samples): number {
  return typeof samples === "number" ? samples : samples.max;
}

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
  ({ minValid, samples }) => (minValid ?? 1) <= mostSamples(samples),
  { error: "no more can be readable than are asked for", path: ["minValid"] },
];
