import type { CallResult, ChatCall } from "../domain/backend.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge } from "../domain/judge.ts";
import { askedInRounds, type CritiqueMaking, type CritiqueWay } from "./critique/in-rounds.ts";
import { type CritiqueConfig, valuesOf } from "./critique/params.ts";
import { answerForm, answerSchema, critiqueMessages, shownTexts } from "./critique/prompt.ts";
import { type ReadAnswer, readAnswer } from "./critique/read-answer.ts";
import { scoreAnswers, votesOf } from "./critique/score-answers.ts";
import { chatsOf, createDrawing } from "./generative/drawing.ts";
import type { Fence } from "./generative/quoted-text.ts";
import { answersTo, askAgain } from "./generative/sampling.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

export { ROUNDS_VERSION } from "./critique/in-rounds.ts";
export { type CritiqueConfig, critiqueSchema } from "./critique/params.ts";
export { toolsOf } from "./critique/tools.ts";

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
 * Asks: `samples` chats per candidate, or as many for each aspect, and each that could not be read once more; or further ones, one after the
 * other, until their mean is settled; with tools, in rounds ({@link askedInRounds}). Reads: a JSON object with critique and verdict; the
 * verdict itself, or the probabilities of its token. Scale: unit. Sees no other candidate. Known bias: favours long, confident and flattering
 * text, and text like its own; a text that talks to it may move it.
 *
 * @see Zhang et al. 2024, Generative Verifiers: Reward Modeling as Next-Token Prediction, arXiv:2408.15240
 * @see Liu et al. 2023, G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment, arXiv:2303.16634, for the mean rating
 */
export function createCritiqueJudge(spec: CritiqueSpec, config: CritiqueConfig): Judge {
  const { name, revision, rubric, fence } = spec;
  const { backend, reading, reference, tools } = config;
  const made = { rubric, fence, alternatives: reading.type === "score" ? 0 : ALTERNATIVES };
  return {
    name,
    revision,
    kind: "critique",
    backend,
    space: "unit",
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable: (item) =>
      foreignToText(item) ?? (reference === "show" && isBlank(item) ? "the item has no reference to show" : undefined),
    ...(tools === undefined ? askedOnce(made, config) : askedInRounds(made, config, tools)),
  };
}

/** How a critic without tools asks and is read. */
function askedOnce({ rubric, fence, alternatives }: CritiqueMaking, config: CritiqueConfig): CritiqueWay {
  const { reading, style, reference } = config;
  const form = answerForm(reading, style);
  const drawing = createDrawing(config, valuesOf(reading));
  const aspects = style.type === "breadth" ? style.aspects : [];
  /** Calls of one sample. */
  const width = Math.max(1, aspects.length);
  const shared = {
    type: "chat" as const,
    schema: JSON.stringify(answerSchema(reading, style)),
    alternatives,
  };

  /** The calls with these indices: those of one sample stand together, in the order of the aspects. */
  function callsFor(item: Item, candidate: number, indices: readonly number[], again: boolean): ChatCall[] {
    const messages = Array.from({ length: width }, (_, index) =>
      critiqueMessages(item, candidate, { rubric, aspect: aspects[index]?.text, form, means: "", reference, fence }, again),
    );
    return indices.map((index) => ({
      ...shared,
      messages: messages[index % width]!,
      sampling: drawing.samplings[Math.floor(index / width)]!,
    }));
  }

  function read(ask: Ask, results: readonly CallResult[], item: Item): ReadAnswer[] {
    const untrusted = shownTexts(item, ask.candidates[0]!, reference);
    return answersTo(ask, results, (completion) => readAnswer(completion, config, untrusted));
  }

  return {
    encode: (item) =>
      item.candidates.map((_, candidate) => ({
        candidates: [candidate],
        calls: callsFor(item, candidate, [...Array(drawing.first * width).keys()], false),
      })),
    maxFollowUps: drawing.maxFollowUps,
    followUp(ask, results, item) {
      const answers = read(ask, results, item);
      const [candidate] = ask.candidates;
      return (
        askAgain(ask, results, answers, (unread) => callsFor(item, candidate!, unread, true)) ??
        drawing.next(ask, results, votesOf(answers, aspects), width, (next) => callsFor(item, candidate!, next, false))
      );
    },
    decode(ask, results, item) {
      const answers = read(ask, results, item);
      return [
        scoreAnswers(
          answers,
          aspects,
          drawing.leastValid(answers.length / width),
          drawing.findings(chatsOf(ask), votesOf(answers, aspects)),
        ),
      ];
    },
  };
}

function isBlank({ reference = "" }: Item): boolean {
  return reference.trim() === "";
}
