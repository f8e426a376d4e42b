import type { CallResult, ChatCall, Sampling } from "../../domain/backend.ts";
import type { Finding } from "../../domain/finding.ts";
import type { Ask } from "../../domain/judge.ts";
import type { Optional } from "../../reward/missing.ts";
import type { SamplingParams } from "./chat-params.ts";
import { enoughVotes, evenVoteVariance } from "./enough-votes.ts";
import { askFurther, leastValid, samplingsOf } from "./sampling.ts";

/** How a judge draws samples: a number of them at once, or one after the other until they say enough. */
export interface Drawing {
  /** How each is drawn, in order, as many as may be. */
  readonly samplings: readonly Sampling[];
  /** Samples that the first ask draws. */
  readonly first: number;
  /** Most further asks: each later sample is one, and each may be asked for once more. */
  readonly maxFollowUps: number;
  /** Fewest of `drawn` samples that must be readable. */
  leastValid(drawn: number): number;
  /** Whether a further sample is to be drawn. @param votes as for `next` */
  isOpen(votes: readonly Optional[]): boolean;
  /**
   * The further ask that draws the next sample, or undefined when there are enough.
   *
   * @param votes    scores of the samples so far, in [0, 1]; null where one could not be read
   * @param width    questions of one sample, which stand together
   * @param callsFor the calls to make for questions with these numbers
   */
  next(
    ask: Ask,
    results: readonly CallResult[],
    votes: readonly Optional[],
    width: number,
    callsFor: (questions: readonly number[]) => readonly ChatCall[],
  ): Ask | undefined;
  /** How many were drawn, in how many chats, and why no more, for an answer to say; none where the number is fixed. */
  findings(chats: number, votes: readonly Optional[]): Finding[];
}

/**
 * @param values how many values the score of one sample can take, equally spaced; absent: any number in [0, 1]
 */
export function createDrawing(params: SamplingParams, values?: number): Drawing {
  const { samples, minValid } = params;
  const samplings = samplingsOf(params);
  const least = (drawn: number) => leastValid({ samples: drawn, minValid });
  if (typeof samples === "number") {
    const nothing = { isOpen: () => false, next: () => undefined, findings: () => [] };
    return { samplings, first: samples, maxFollowUps: 1, leastValid: least, ...nothing };
  }
  const rule = { ...samples, minValid, evenVariance: evenVoteVariance(values) };
  const isOpen = (votes: readonly Optional[]) => enoughVotes(votes, rule).stop === undefined;
  return {
    samplings,
    first: samples.min,
    maxFollowUps: 1 + 2 * (samples.max - samples.min),
    leastValid: least,
    isOpen,
    next(ask, results, votes, width, callsFor) {
      if (!isOpen(votes)) return undefined;
      const questions = Array.from({ length: width }, (_, index) => votes.length * width + index);
      return askFurther(ask, results, questions, callsFor(questions));
    },
    findings(chats, votes) {
      const { drawn, read, standardError, stop } = enoughVotes(votes, rule);
      return [
        { name: "samples drawn", value: drawn },
        { name: "samples read", value: read },
        { name: "chats asked", value: chats },
        ...(standardError === null ? [] : [{ name: "standard error", value: standardError }]),
        ...(stop === undefined ? [] : [{ name: "stopped", text: stop }]),
      ];
    },
  };
}

/** Chats of an ask and of those before it, where they are all that was asked. */
export function chatsOf({ calls, earlier = [] }: Ask): number {
  return earlier.length + calls.length;
}
