import type { CallResult, ChatCall, Completion, Sampling } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Ask } from "../../domain/judge.ts";
import { mostSamples, type SamplingParams } from "./chat-params.ts";

/** Temperature of several samples, which would all be the same at 0. */
const TEMPERATURE_OF_SAMPLES = 0.7;

/** How each sample is drawn, in order, as many as may be: they differ by their seed alone. */
export function samplingsOf({ samples, temperature, topP, maxTokens, seed }: SamplingParams): Sampling[] {
  const most = mostSamples(samples);
  const drawn = temperature ?? (most > 1 ? TEMPERATURE_OF_SAMPLES : 0);
  return Array.from({ length: most }, (_, index) => ({ temperature: drawn, topP, maxTokens, seed: seed + index }));
}

/** Fewest of so many samples that must be readable: what is stated, or more than half. */
export function leastValid({ samples, minValid }: { readonly samples: number } & Pick<SamplingParams, "minValid">): number {
  return minValid ?? Math.floor(samples / 2) + 1;
}

/** The words of an answer. @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the backend sent none */
export function completionOf({ completion }: CallResult): Completion {
  if (completion === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the backend answered without a completion");
  return completion;
}

/**
 * An ask that remembers which questions its calls put, and every call before them, in order: numbers from 0 on. A first ask puts each of
 * its questions once, and need not say so.
 */
interface SampledAsk extends Ask {
  readonly asked?: readonly number[];
}

/** Every answer so far, and the number of its question. */
function allAnswers(ask: SampledAsk, results: readonly CallResult[]): { results: readonly CallResult[]; asked: readonly number[] } {
  const all = [...(ask.earlier ?? []), ...results];
  return { results: all, asked: ask.asked ?? all.map((_, index) => index) };
}

/**
 * The readings of all answers to an ask and to those before it, by the number of the question: of two answers to one question the later.
 *
 * @param read reads an answer to question `index`
 */
export function answersTo<A>(ask: Ask, results: readonly CallResult[], read: (completion: Completion, index: number) => A): A[] {
  const { results: all, asked } = allAnswers(ask, results);
  const last = new Map(asked.map((question, at) => [question, at]));
  return Array.from({ length: last.size }, (_, question) => read(completionOf(all[last.get(question)!]!), question));
}

/**
 * One further ask for the answers that could not be read though they were asked for once, or undefined when there are none.
 *
 * @param answers   what {@link answersTo} read
 * @param callsFor  the calls to make for questions with these numbers
 */
export function askAgain(
  ask: Ask,
  results: readonly CallResult[],
  answers: readonly { readonly status: string }[],
  callsFor: (unread: readonly number[]) => readonly ChatCall[],
): Ask | undefined {
  const { asked } = allAnswers(ask, results);
  const again = new Set(asked.filter((question, at) => asked.indexOf(question) < at));
  const unread = answers.flatMap(({ status }, question) => (status === "unreadable" && !again.has(question) ? [question] : []));
  return unread.length === 0 ? undefined : askFurther(ask, results, unread, callsFor(unread));
}

/** A further ask, about questions with these numbers. */
export function askFurther(ask: Ask, results: readonly CallResult[], questions: readonly number[], calls: readonly ChatCall[]): Ask {
  const { results: earlier, asked } = allAnswers(ask, results);
  const further: SampledAsk = { candidates: ask.candidates, calls, earlier, asked: [...asked, ...questions] };
  return further;
}

/** The failure of a judge of whose samples too few could be read, though those were asked for twice. */
export function tooFewRead(samples: readonly { readonly status: string; readonly why?: string }[], valid: number): GatewayError {
  const many = samples.length === 1 ? "" : ` in ${samples.length - valid} of ${samples.length} samples`;
  const why = samples.find(({ status }) => status === "unreadable")?.why ?? "it leaves too much open";
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the judge's answer cannot be read${many}, asked twice: ${why}`);
}
