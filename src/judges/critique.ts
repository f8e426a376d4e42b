import type { CallResult, ChatCall } from "../domain/backend.ts";
import { firstForeignPart, type Item } from "../domain/item.ts";
import type { Ask, Judge, RawScore } from "../domain/judge.ts";
import type { CritiqueConfig } from "./critique/params.ts";
import { answerSchema, critiqueMessages } from "./critique/prompt.ts";
import { type ReadAnswer, readAnswer } from "./critique/read-answer.ts";
import { type Fence, untrustedTexts } from "./generative/quoted-text.ts";
import { answersTo, leastValid, presentable, samplingsOf, tooFewRead, unreadOf } from "./generative/sampling.ts";
import { voteScores } from "./generative/votes.ts";
import { TEXT_ONLY } from "./shared/chat-asks.ts";

export { type CritiqueConfig, critiqueSchema } from "./critique/params.ts";

/** What such a judge is made from, besides its configuration. */
export interface CritiqueSpec {
  readonly name: string;
  readonly revision: string;
  /** The rubric's text. */
  readonly rubric: string;
  readonly fence: Fence;
}

/** Version of prompts and readers; part of the revision of every judge of this kind. */
export const CRITIQUE_VERSION = 1;

/** Likeliest tokens that are listed for each token, where they are read: as many as OpenAI allows. */
const ALTERNATIVES = 20;
/**
 * A generative judge that writes a critique and then a score.
 *
 * Asks: `samples` chats per candidate, and each that could not be read once more. Reads: a JSON object with critique and verdict; the
 * verdict itself, or the probabilities of its token. Scale: unit. Sees no other candidate. Known bias: favours long, confident and
 * flattering text, and text like its own; a text that talks to it may move it.
 *
 * @see Zhang et al. 2024, Generative Verifiers: Reward Modeling as Next-Token Prediction, arXiv:2408.15240
 * @see Liu et al. 2023, G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment, arXiv:2303.16634, for the mean rating
 */
export function createCritiqueJudge(spec: CritiqueSpec, config: CritiqueConfig): Judge {
  const { name, revision, rubric, fence } = spec;
  const { reading } = config;
  const samplings = samplingsOf(config);
  const minValid = leastValid(config);
  const shared = {
    type: "chat" as const,
    schema: answerSchema(reading),
    alternatives: reading.type === "score" ? 0 : ALTERNATIVES,
  };

  function callsFor(item: Item, candidate: number, sampleIndices: readonly number[], again: boolean): ChatCall[] {
    const messages = critiqueMessages(item, candidate, { rubric, reading, fence }, again);
    return sampleIndices.map((index) => ({ ...shared, messages, sampling: samplings[index]! }));
  }

  function read(ask: Ask, results: readonly CallResult[], item: Item): ReadAnswer[] {
    const untrusted = untrustedTexts(item, ask.candidates[0]!);
    return answersTo(ask, results, (completion) => readAnswer(completion, reading, untrusted));
  }

  return {
    name,
    revision,
    kind: "critique",
    backend: config.backend,
    space: "unit",
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable(item) {
      const foreign = firstForeignPart(item, TEXT_ONLY);
      return foreign === undefined ? undefined : `the judge reads text and the item holds a part of type ${foreign}`;
    },
    encode: (item) =>
      item.candidates.map((_, candidate) => ({
        candidates: [candidate],
        calls: callsFor(item, candidate, [...samplings.keys()], false),
      })),
    followUp(ask, results, item) {
      const unread = unreadOf(read(ask, results, item));
      if (unread.length === 0) return undefined;
      return { candidates: ask.candidates, calls: callsFor(item, ask.candidates[0]!, unread, true), earlier: results };
    },
    decode: (ask, results, item) => [scoreOf(read(ask, results, item), minValid)],
  };
}

/** @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when fewer than `minValid` answers have a value and that is not for abstaining */
function scoreOf(answers: readonly ReadAnswer[], minValid: number): RawScore {
  const voted = voteScores(
    answers.map((answer) => (answer.status === "read" ? answer.value : null)),
    minValid,
  );
  if (voted.status === "read") {
    const critique = answers.find((answer) => answer.status === "read")!.critique;
    return { outcome: "scored", value: voted.mean, critique: presentable(critique) };
  }
  if (answers.every(({ status }) => status !== "unreadable")) {
    return { outcome: "abstained", message: "the judge's verdict was about something else: its tokens are no verdict" };
  }
  throw tooFewRead(answers, voted.valid);
}
