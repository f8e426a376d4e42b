import type { CallResult, ChatCall, Completion, Sampling } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Ask } from "../../domain/judge.ts";
import type { SamplingParams } from "./chat-params.ts";

/** Temperature of several samples, which would all be the same at 0. */
const TEMPERATURE_OF_SAMPLES = 0.7;

/** How each sample is drawn, in order: they differ by their seed alone. */
export function samplingsOf({ samples, temperature, topP, maxTokens, seed }: SamplingParams): Sampling[] {
  const drawn = temperature ?? (samples > 1 ? TEMPERATURE_OF_SAMPLES : 0);
  return Array.from({ length: samples }, (_, index) => ({ temperature: drawn, topP, maxTokens, seed: seed + index }));
}

/** Fewest samples that must be readable: what is stated, or more than half. */
export function leastValid({ samples, minValid }: Pick<SamplingParams, "samples" | "minValid">): number {
  return minValid ?? Math.floor(samples / 2) + 1;
}

/** The words of an answer. @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the backend sent none */
export function completionOf({ completion }: CallResult): Completion {
  if (completion === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the backend answered without a completion");
  return completion;
}

/**
 * The readings of all answers to an ask, one per call of the first ask: those to a follow-up, in order, in place of what could not be read.
 *
 * @param read reads the answer to call `index` of the first ask
 */
export function answersTo<A extends { readonly status: string }>(
  { earlier }: Ask,
  results: readonly CallResult[],
  read: (completion: Completion, index: number) => A,
): A[] {
  if (earlier === undefined) return results.map((result, index) => read(completionOf(result), index));
  const later = [...results];
  return earlier.map((result, index) => {
    const answer = read(completionOf(result), index);
    const again = answer.status === "unreadable" ? later.shift() : undefined;
    return again === undefined ? answer : read(completionOf(again), index);
  });
}

/**
 * One further ask for the answers that could not be read, or undefined when there are none.
 *
 * @param answers   the readings of `results`, in order
 * @param callsFor  the calls to make for answers with these indices
 */
export function askAgain(
  { candidates }: Ask,
  results: readonly CallResult[],
  answers: readonly { readonly status: string }[],
  callsFor: (unread: readonly number[]) => readonly ChatCall[],
): Ask | undefined {
  const unread = answers.flatMap(({ status }, index) => (status === "unreadable" ? [index] : []));
  return unread.length === 0 ? undefined : { candidates, calls: callsFor(unread), earlier: results };
}

/** UTF-16 units of a judge's prose that are kept. */
const PROSE_LENGTH = 8_000;

/** Words of a model without control characters besides line breaks and tabs, cut to a bounded length. */
export function presentable(prose: string, length = PROSE_LENGTH): string {
  return prose
    .replace(/(?![\n\t])\p{Cc}/gu, "")
    .slice(0, length)
    .toWellFormed();
}

/** The failure of a judge of whose samples too few could be read, though those were asked for twice. */
export function tooFewRead(samples: readonly { readonly status: string; readonly why?: string }[], valid: number): GatewayError {
  const many = samples.length === 1 ? "" : ` in ${samples.length - valid} of ${samples.length} samples`;
  const why = samples.find(({ status }) => status === "unreadable")?.why ?? "it leaves too much open";
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the judge's answer cannot be read${many}, asked twice: ${why}`);
}
