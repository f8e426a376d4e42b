import type { CallResult } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { Ask, Finding, Judge, RawScore } from "../../domain/judge.ts";
import { createDrawing } from "../generative/drawing.ts";
import type { Fence } from "../generative/quoted-text.ts";
import { type CritiqueConfig, valuesOf } from "./params.ts";
import { critiqueMessages, shownTexts } from "./prompt.ts";
import type { ReadAnswer } from "./read-answer.ts";
import { readTurn } from "./read-turn.ts";
import { scoreAnswers, votesOf } from "./score-answers.ts";
import { toolFindings } from "./tool-findings.ts";
import { advance, BEGUN, type Loop, type LoopAsk, mostFollowUps, nextAsk, type Thread } from "./tool-loop.ts";
import { DEFAULT_ROUNDS } from "./tool-params.ts";
import { aboutTools, roundMessages, turnForm, turnSchema } from "./tool-prompt.ts";
import { toolsOf } from "./tools.ts";

/** What the way of a critic's asking is made from, besides its configuration. */
export interface CritiqueMaking {
  readonly rubric: string;
  readonly fence: Fence;
  /** Likeliest tokens to list where the reading needs them. */
  readonly alternatives: number;
}

/** How a critic asks and is read. */
export type CritiqueWay = Pick<Judge, "bearsFailures" | "mayAsk" | "maxFollowUps" | "encode" | "followUp" | "decode">;

/** Version of the prompts and readers of rounds; part of the revision of every judge with tools. */
export const ROUNDS_VERSION = 1;

/**
 * How a critic with tools asks and is read.
 *
 * Asks: at most `rounds` chats for each sample and aspect, and one more where an answer could not be read; between them the tools that
 * the model asks for, one at a time. A tool that fails is something that the model is told. Reads: the verdict, as a critic without
 * tools does; without one after the last round the candidate has failed. Findings: every use of a tool.
 *
 * @see Li et al. 2023, Tool-Augmented Reward Modeling, arXiv:2310.01045
 */
export function askedInRounds(
  { rubric, fence, alternatives }: CritiqueMaking,
  config: CritiqueConfig,
  written: NonNullable<CritiqueConfig["tools"]>,
): CritiqueWay {
  const { reading, style, reference, rounds = DEFAULT_ROUNDS } = config;
  const tools = toolsOf(written);
  const form = { reading, style, tools };
  const drawing = createDrawing(config, valuesOf(reading));
  const { samplings } = drawing;
  const aspects = style.type === "breadth" ? style.aspects : [];
  /** Threads of one sample. */
  const width = Math.max(1, aspects.length);
  const schemas = [turnSchema(form, false), turnSchema(form, true)].map((schema) => JSON.stringify(schema));
  const means = aboutTools(tools, rounds);

  function loopFor(item: Item, candidate: number): Loop {
    const untrusted = shownTexts(item, candidate, reference);
    return {
      tools,
      rounds,
      chatFor(index, { used, waits }) {
        const again = waits.for === "answer" && waits.again;
        const aspect = aspects[index % width]?.text;
        const question = { rubric, aspect, form: turnForm(form, false), means, reference, fence };
        return {
          type: "chat",
          messages: [
            ...critiqueMessages(item, candidate, question, again && used.length === 0),
            ...roundMessages(used, { rubric, aspect, form, rounds, fence, untrusted }, again),
          ],
          schema: schemas[used.length === rounds - 1 ? 1 : 0]!,
          alternatives,
          sampling: samplings[Math.floor(index / width)]!,
        };
      },
      read: (completion, { used }) => readTurn(completion, form, [...untrusted, ...used.map(({ observation }) => observation.text)]),
    };
  }

  /** The answers of all threads. @throws {GatewayError} that of one that failed */
  function answersOf(threads: readonly Thread[]): ReadAnswer[] {
    return threads.map(({ waits }) => {
      if (waits.for !== "nothing") throw new GatewayError("INTERNAL", "the judge was read before it had come to an end");
      if (waits.ending.status === "failed") throw waits.ending.error;
      return waits.ending.answer;
    });
  }

  /** The threads, and those of a further sample where the ones so far have ended and leave the score open. */
  function withFurther(threads: readonly Thread[]): readonly Thread[] {
    const ended = threads.every(({ waits }) => waits.for === "nothing" && waits.ending.status === "answered");
    return ended && drawing.isOpen(votesOf(answersOf(threads), aspects)) ? [...threads, ...begin(1)] : threads;
  }

  function begin(samples: number): Thread[] {
    return new Array<Thread>(samples * width).fill(BEGUN);
  }

  function scoreOf(threads: readonly Thread[]): RawScore {
    const answers = answersOf(threads);
    const chats = threads.reduce((sum, thread) => sum + thread.chats, 0);
    const drawn = drawing.findings(chats, votesOf(answers, aspects));
    return scoreAnswers(answers, aspects, drawing.leastValid(threads.length / width), drawn);
  }

  return {
    bearsFailures: true,
    mayAsk: [...new Set(tools.flatMap(({ service }) => (service === undefined ? [] : [service.backend])))],
    maxFollowUps: mostFollowUps(samplings.length * width, rounds),
    encode: (item) => item.candidates.map((_, candidate) => nextAsk(begin(drawing.first), loopFor(item, candidate), [candidate])!),
    followUp(asked: Ask, results: readonly CallResult[], item) {
      const ask = asked as LoopAsk;
      const loop = loopFor(item, ask.candidates[0]!);
      return nextAsk(withFurther(advance(ask, results, loop)), loop, ask.candidates, { ask, results });
    },
    decode(asked, results, item) {
      const ask = asked as LoopAsk;
      const threads = advance(ask, results, loopFor(item, ask.candidates[0]!));
      const seen = toolFindings(threads, { aspects, samples: samplings.length, tools });
      try {
        return [withFindings(scoreOf(threads), seen)];
      } catch (thrown) {
        return [{ outcome: "failed", error: GatewayError.from(thrown), findings: seen }];
      }
    },
  };
}

function withFindings(score: RawScore, seen: readonly Finding[]): RawScore {
  const findings = [...seen, ...(score.findings ?? [])];
  return findings.length === 0 ? score : { ...score, findings };
}
