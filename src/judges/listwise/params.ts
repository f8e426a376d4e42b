import { z } from "zod";
import { CHAT_JUDGE_KEYS, ENOUGH_SAMPLES, SAMPLING_KEYS } from "../generative/chat-params.ts";
import { principlesSchema } from "../generative/principles.ts";

/** What `rewardgate.yaml` says about a judge that scores and ranks all candidates at once. */
export const listwiseSchema = z
  .strictObject({
    kind: z.literal("listwise").describe("A model that scores and ranks all candidates in one answer."),
    ...CHAT_JUDGE_KEYS,
    principles: principlesSchema,
    lo: z.int().min(0).max(99).default(1).describe("Lowest score. Default 1."),
    hi: z.int().min(1).max(100).default(5).describe("Highest score. Default 5."),
    critique: z.boolean().default(true).describe("Whether the judge writes a critique before its scores. Default true."),
    maxCandidates: z.int().min(1).max(256).default(16).describe("Most candidates of one item; an item with more is refused. Default 16."),
    ...SAMPLING_KEYS,
    samples: z
      .int()
      .min(1)
      .max(32)
      .default(1)
      .describe(
        "Answers for each item, each with the candidates in another order; their scores are averaged. As many as candidates show each in " +
          "every place. Default 1.",
      ),
    temperature: z
      .number()
      .min(0)
      .max(2)
      .default(0)
      .describe("Sampling temperature. Default 0: answers differ by the order of candidates."),
    maxTokens: z.int().min(16).max(16_384).default(2048).describe("Most tokens of one answer. Default 2048."),
  })
  .refine(...ENOUGH_SAMPLES)
  .refine(({ lo, hi }) => lo < hi, { error: "the highest score is above the lowest", path: ["hi"] })
  .describe("A judge that scores and ranks all candidates at once, behind a chat server.");

export type ListwiseConfig = z.output<typeof listwiseSchema>;
