import { GatewayError } from "../../domain/errors.ts";
import { type SwappedPair, swapOrders } from "../generative/order-swap.ts";
import { voteScores } from "../generative/votes.ts";
import { type Contest, ordersOf, type Pair } from "./contest.ts";
import type { ComparingParams } from "./params.ts";

/** One call of a comparison: who stands first, who second, and which of several samples it is. */
export interface Question {
  readonly first: number;
  readonly second: number;
  readonly sample: number;
}

/** What one call said. */
export type Answer =
  | {
      readonly status: "read";
      /** Preference for the one that stands first, in [0, 1]. */
      readonly first: number;
      /** What the judge wrote, and how it called the two: untrusted text. */
      readonly critique?: { readonly text: string; readonly names: readonly [string, string] };
    }
  | { readonly status: "abstained" }
  | { readonly status: "unreadable"; readonly why: string }
  | { readonly status: "failed"; readonly error: GatewayError };

/** What the calls about one pair come to, for the pair as it is given. */
export type Comparison =
  /** Not asked yet. */
  | { readonly status: "open" }
  /** The same text twice: whatever the judge says of it, both orders average to one half. */
  | { readonly status: "same"; readonly probability: 0.5 }
  | {
      readonly status: "read";
      /** Preference for the first of the pair, in [0, 1]. */
      readonly probability: number;
      /** What both orders tell of the judge; absent where one was shown. */
      readonly orders?: Pick<SwappedPair, "consistent" | "positionBias">;
    }
  /** No answer to rely on; without an error because the judge abstained. */
  | { readonly status: "missing"; readonly error?: GatewayError };

/** How pairs are read. */
export type TallyOptions = Pick<ComparingParams, "orders" | "disagreement" | "tieMargin"> & {
  readonly samples: number;
  readonly minValid: number;
};

/** What is known of a contest's pairs. */
export interface Tally {
  answerTo(question: Question): Answer | undefined;
  /** Whether a question was answered so that it could not be read, and was asked only once. */
  mayAskAgain(question: Question): boolean;
  /** Every question about a pair, in order. */
  questionsAbout(pair: Pair): Question[];
  comparison(pair: Pair): Comparison;
}

/**
 * Puts answers together by pair; a later answer takes the place of an earlier one to the same question.
 *
 * @param answers to the questions, same order
 */
export function tallyOf(contest: Contest, asked: readonly Question[], answers: readonly Answer[], options: TallyOptions): Tally {
  const { orders, disagreement, tieMargin, samples, minValid } = options;
  const known = new Map<string, { readonly answer: Answer; readonly times: number }>();
  for (const [index, question] of asked.entries()) {
    const key = keyOf(question);
    known.set(key, { answer: answers[index]!, times: (known.get(key)?.times ?? 0) + 1 });
  }

  const answerTo = (question: Question) => known.get(keyOf(question))?.answer;
  const withMargin = (probability: number) => (Math.abs(probability - 0.5) <= tieMargin ? 0.5 : probability);

  /** The mean over the samples of one order. */
  function votesOn([first, second]: Pair): Comparison {
    const given = Array.from({ length: samples }, (_, sample) => answerTo({ first, second, sample }));
    if (!given.every((answer) => answer !== undefined)) return { status: "open" };
    const voted = voteScores(
      given.map((answer) => (answer.status === "read" ? answer.first : null)),
      minValid,
    );
    return voted.status === "read" ? { status: "read", probability: voted.mean } : whyMissing(given);
  }

  /** Of a pair in ascending order. */
  function compared(pair: Pair): Comparison {
    const [a, b] = pair;
    if (contest.texts[a] === contest.texts[b]) return { status: "same", probability: 0.5 };
    const shown = ordersOf(pair, contest, orders);
    const probabilities: number[] = [];
    for (const order of shown) {
      const votes = votesOn(order);
      if (votes.status !== "read") return votes;
      probabilities.push(votes.probability);
    }
    const [first, second] = probabilities;
    if (second === undefined) return { status: "read", probability: withMargin(shown[0]![0] === a ? first! : 1 - first!) };
    const swapped = swapOrders(first!, second);
    const probability = disagreement === "tie" ? swapped.strict! : swapped.probability!;
    return { status: "read", probability: withMargin(probability), orders: swapped };
  }

  return {
    answerTo,
    mayAskAgain(question) {
      const found = known.get(keyOf(question));
      return found?.answer.status === "unreadable" && found.times === 1;
    },
    questionsAbout: (pair) =>
      ordersOf(pair, contest, orders).flatMap(([first, second]) =>
        Array.from({ length: samples }, (_, sample) => ({ first, second, sample })),
      ),
    comparison([a, b]) {
      const found = compared(a < b ? [a, b] : [b, a]);
      return found.status === "read" && a > b ? { ...found, probability: 1 - found.probability } : found;
    },
  };
}

/** Why too few of several answers could be read. */
function whyMissing(given: readonly Answer[]): Comparison {
  const failed = given.find((answer) => answer.status === "failed");
  if (failed !== undefined) return { status: "missing", error: failed.error };
  const unread = given.find((answer) => answer.status === "unreadable");
  if (unread === undefined) return { status: "missing" };
  const message = `the judge's answer cannot be read, asked twice: ${unread.why}`;
  return { status: "missing", error: new GatewayError("JUDGE_OUTPUT_UNREADABLE", message) };
}

/** Who goes on: the winner, the first of the request on a tie, nobody where there is no answer, undefined while there is none yet. */
export function winnerOf(tally: Tally, a: number, b: number): number | null | undefined {
  const compared = tally.comparison([a, b]);
  if (compared.status === "open") return undefined;
  if (compared.status === "missing") return null;
  if (compared.probability === 0.5) return Math.min(a, b);
  return compared.probability > 0.5 ? a : b;
}

function keyOf({ first, second, sample }: Question): string {
  return `${first}/${second}/${sample}`;
}
