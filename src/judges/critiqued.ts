import { z } from "zod";
import type { CallResult, ChatCall, ChatMessage } from "../domain/backend.ts";
import { type Item, textOf } from "../domain/item.ts";
import type { Ask, Judge, RawScore } from "../domain/judge.ts";
import { presentable } from "../domain/presentable.ts";
import { answerOf } from "./generative/answer-text.ts";
import { CHAT_JUDGE_KEYS, ENOUGH_SAMPLES, SAMPLING_KEYS } from "./generative/chat-params.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, untrustedTexts } from "./generative/quoted-text.ts";
import { completionOf, leastValid, samplingsOf, tooFewRead } from "./generative/sampling.ts";
import { voteScores } from "./generative/votes.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

/** What `rewardgate.yaml` says about a judge that reads a critique of the candidate beside it. */
export const critiquedSchema = z
  .strictObject({
    kind: z.literal("critiqued").describe("A model that writes a critique, and a reward model that scores the response with it."),
    ...CHAT_JUDGE_KEYS,
    head: z.string().min(1).describe("Name of the judge of kind scalar that reads prompt, response and critique."),
    instructions: z
      .string()
      .trim()
      .min(1)
      .default("Assess how well the response serves the user: what is right and wrong in it, what is missing, and why it matters.")
      .describe("What the critique is to be about. Part of the judge's revision. Default asks what is right, wrong and missing."),
    ...SAMPLING_KEYS,
    samples: z.int().min(1).max(32).default(1).describe("Critiques for each candidate; the scores with them are averaged. Default 1."),
  })
  .refine(...ENOUGH_SAMPLES)
  .describe("A reward model that reads a critique of the response beside it, written by a model behind a chat server.");

export type CritiquedConfig = z.output<typeof critiquedSchema>;

/** What such a judge is made from, besides its configuration. */
export interface CritiquedSpec {
  readonly name: string;
  readonly revision: string;
  readonly head: Judge;
  readonly fence: Fence;
}

/** Version of the prompt and the reader; part of the revision of every judge of this kind. */
export const CRITIQUED_VERSION = 1;

/** The second ask: what the head is asked about each critique. */
interface HeadAsk extends Ask {
  readonly readings: readonly { readonly item: Item; readonly ask: Ask; readonly critique: string }[];
}

/**
 * A reward model that reads a critique of the candidate beside it.
 *
 * Asks: `samples` chats per candidate for a critique in prose; then, on the head's own backend, one question of the head about each, with
 * the candidate as a turn of the assistant and the critique as the next. Reads: the head's numbers, their mean. Scale: the head's. Sees no other candidate.
 * Known bias: that of its head, and the critic's words move it, so a candidate that talks to the critic may.
 *
 * @see Zhang et al. 2025, MM-RLHF: The Next Step Forward in Multimodal LLM Alignment, arXiv:2502.10391
 */
export function createCritiquedJudge({ name, revision, head, fence }: CritiquedSpec, config: CritiquedConfig): Judge {
  const samplings = samplingsOf(config);
  const minValid = leastValid(config);
  return {
    name,
    revision,
    kind: "critiqued",
    backend: config.backend,
    asks: [head],
    space: head.space,
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable: foreignToText,
    encode: (item) =>
      item.candidates.map((_, candidate) => {
        const messages = critiqueMessages(item, candidate, config.instructions, fence);
        return {
          candidates: [candidate],
          calls: samplings.map((sampling): ChatCall => ({ type: "chat", messages, alternatives: 0, sampling })),
        };
      }),
    followUp(ask, results, item): HeadAsk | undefined {
      const readings = readCritiques(results).flatMap((read) => (read.status === "read" ? [askHead(head, item, ask, read.critique)] : []));
      if (readings.length < minValid) return undefined;
      const calls = readings.flatMap((reading) => reading.ask.calls);
      return {
        candidates: ask.candidates,
        calls,
        earlier: results,
        readings,
        ...(head.backend !== undefined && { backend: head.backend }),
      };
    },
    decode(ask, results) {
      if (!("readings" in ask)) {
        const read = readCritiques(results);
        throw tooFewRead(read, read.filter(({ status }) => status === "read").length);
      }
      return [meanOf(head, ask as HeadAsk, results, minValid)];
    },
  };
}

type ReadCritique = { readonly status: "read"; readonly critique: string } | { readonly status: "unreadable"; readonly why: string };

/** What was written: a critique is prose, whole and not empty. */
function readCritiques(results: readonly CallResult[]): ReadCritique[] {
  return results.map((result) => {
    const { cut, text } = completionOf(result);
    const critique = presentable(answerOf(text)).trim();
    if (cut) return { status: "unreadable", why: "the critique was cut off" };
    return critique === "" ? { status: "unreadable", why: "the critique is empty" } : { status: "read", critique };
  });
}

/** The head's own question about the conversation that ends with the critique. */
function askHead(
  head: Judge,
  { id, prompt, candidates }: Item,
  { candidates: [place] }: Ask,
  critique: string,
): HeadAsk["readings"][number] {
  const item: Item = {
    id,
    prompt: [...prompt, { role: "assistant", content: candidates[place!]!.content }],
    candidates: [{ content: critique }],
  };
  return { item, ask: head.encode(item)[0]!, critique };
}

/** The mean of what the head says of the critiques; one that it does not score is dropped. */
function meanOf(head: Judge, { readings }: HeadAsk, results: readonly CallResult[], minValid: number): RawScore {
  let next = 0;
  const scores = readings.map(({ ask, item }) => {
    const own = results.slice(next, next + ask.calls.length);
    next += ask.calls.length;
    return head.decode(ask, own, item)[0]!;
  });
  const values = scores.flatMap((score, index) => (score.outcome === "scored" ? [{ value: score.value, index }] : []));
  const voted = voteScores(
    values.map(({ value }) => value),
    minValid,
  );
  if (voted.status !== "read") return scores.find(({ outcome }) => outcome !== "scored")!;
  const critique = readings[values[0]!.index]!.critique;
  if (values.length === 1) return { outcome: "scored", value: voted.mean, critique };
  const findings = values.map(({ value, index }) => ({
    name: `critique ${index}`,
    value,
    text: presentable(readings[index]!.critique, 2_000),
  }));
  return { outcome: "scored", value: voted.mean, critique, findings };
}

function critiqueMessages(item: Item, candidate: number, instructions: string, fence: Fence): ChatMessage[] {
  const delimiter = fence(untrustedTexts(item, candidate));
  const task = `${instructions}\n\nWrite the critique as two to six sentences of prose, and no score.`;
  return [
    {
      role: "system",
      segments: [{ text: `You write critiques of responses of an AI assistant. ${aboutQuoted(delimiter)}\n\n${task}`, origin: "control" }],
    },
    {
      role: "user",
      segments: [
        ...quotedPrompt(item.prompt, delimiter),
        ...quoted("Response to assess:", textOf(item.candidates[candidate]!.content), "candidate", delimiter),
        { text: task, origin: "control" },
      ],
    },
  ];
}
