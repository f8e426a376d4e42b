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

/** Answers by question; a later answer takes the place of an earlier one to the same question. */
export class Tally {
  private readonly answers = new Map<string, { readonly answer: Answer; readonly times: number }>();
  private readonly contest: Contest;
  private readonly options: TallyOptions;

  /** @param answers to the questions, same order */
  constructor(contest: Contest, asked: readonly Question[], answers: readonly Answer[], options: TallyOptions) {
    this.contest = contest;
    this.options = options;
    for (const [index, question] of asked.entries()) {
      const key = keyOf(question);
      this.answers.set(key, { answer: answers[index]!, times: (this.answers.get(key)?.times ?? 0) + 1 });
    }
  }

  answerTo(question: Question): Answer | undefined {
    return this.answers.get(keyOf(question))?.answer;
  }

  /** Whether a question was answered so that it could not be read, and was asked only once. */
  mayAskAgain(question: Question): boolean {
    const known = this.answers.get(keyOf(question));
    return known?.answer.status === "unreadable" && known.times === 1;
  }

  /** Every question about a pair, in order. */
  questionsAbout(pair: Pair): Question[] {
    return ordersOf(pair, this.contest, this.options.orders).flatMap(([first, second]) =>
      Array.from({ length: this.options.samples }, (_, sample) => ({ first, second, sample })),
    );
  }

  comparison([a, b]: Pair): Comparison {
    const compared = this.compared(a < b ? [a, b] : [b, a]);
    return compared.status === "read" && a > b ? { ...compared, probability: 1 - compared.probability } : compared;
  }

  private compared(pair: Pair): Comparison {
    const [a, b] = pair;
    if (this.contest.texts[a] === this.contest.texts[b]) return { status: "same", probability: 0.5 };
    const orders = ordersOf(pair, this.contest, this.options.orders);
    const votes = orders.map((order) => this.votesOn(order));
    const lacking = votes.find((vote) => vote.status !== "read");
    if (lacking !== undefined) return lacking;
    const [first, second] = votes.map((vote) => (vote.status === "read" ? vote.probability : 0.5));
    if (second === undefined) {
      return { status: "read", probability: this.withMargin(orders[0]![0] === a ? first! : 1 - first!) };
    }
    const swapped = swapOrders(first!, second);
    const probability = this.options.disagreement === "tie" ? swapped.strict! : swapped.probability!;
    return { status: "read", probability: this.withMargin(probability), orders: swapped };
  }

  private votesOn([first, second]: Pair): Comparison {
    const answers = Array.from({ length: this.options.samples }, (_, sample) => this.answerTo({ first, second, sample }));
    if (answers.includes(undefined)) return { status: "open" };
    const given = answers as Answer[];
    const voted = voteScores(
      given.map((answer) => (answer.status === "read" ? answer.first : null)),
      this.options.minValid,
    );
    if (voted.status === "read") return { status: "read", probability: voted.mean };
    const failed = given.find((answer) => answer.status === "failed");
    if (failed !== undefined) return { status: "missing", error: failed.error };
    const unread = given.find((answer) => answer.status === "unreadable");
    if (unread === undefined) return { status: "missing" };
    const message = `the judge's answer cannot be read, asked twice: ${unread.why}`;
    return { status: "missing", error: new GatewayError("JUDGE_OUTPUT_UNREADABLE", message) };
  }

  private withMargin(probability: number): number {
    return Math.abs(probability - 0.5) <= this.options.tieMargin ? 0.5 : probability;
  }
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
