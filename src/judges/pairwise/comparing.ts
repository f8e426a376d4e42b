import type { Call, CallResult } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Item } from "../../domain/item.ts";
import type { Ask, Judge, RawScore } from "../../domain/judge.ts";
import { bracket } from "../../reward/pairwise/bracket.ts";
import { type Contest, comparisonsOf, contestOf, type Pair, pairsOf } from "./contest.ts";
import type { ComparingParams } from "./params.ts";
import { scoresOf } from "./scores.ts";
import { type Answer, type Question, type Tally, tallyOf, winnerOf } from "./tally.ts";

/** What asks about two texts and reads what was said: a chat, or a model that reads both. */
export interface Comparer {
  /** Answers for each pair and order, and the fewest of them that must be readable. */
  readonly samples: number;
  readonly minValid: number;
  /** @param again whether an answer to the same question could not be read */
  callFor(item: Item, first: string, second: string, sample: number, again: boolean): Call;
  /** @throws {GatewayError} when the answer holds no number at all */
  read(result: CallResult, item: Item, first: string, second: string): Answer;
}

/** An ask that remembers what each of its calls is about, and each call before it. */
interface ComparingAsk extends Ask {
  readonly asked: readonly Question[];
}

/**
 * How a judge asks about pairs and scores candidates from the answers: the whole of a pairwise judge but for its words.
 *
 * One ask is about all candidates. What could not be read is asked once more; a knockout asks round by round. Two equal texts are not asked
 * about: both orders of the same question average to one half.
 */
export function comparing(
  comparer: Comparer,
  params: ComparingParams,
): Pick<Judge, "encode" | "followUp" | "decode" | "maxFollowUps" | "bearsFailures"> {
  const { opponents, maxComparisons } = params;
  const options = { ...params, samples: comparer.samples, minValid: comparer.minValid };

  function tallySoFar(contest: Contest, ask: ComparingAsk, results: readonly CallResult[], item: Item): Tally {
    const answers = [...(ask.earlier ?? []), ...results].map((result, index) => read(result, item, contest, ask.asked[index]!));
    return tallyOf(contest, ask.asked, answers, options);
  }

  function read(result: CallResult, item: Item, { texts }: Contest, { first, second }: Question): Answer {
    if (result.failure !== undefined) return { status: "failed", error: result.failure };
    try {
      return comparer.read(result, item, texts[first]!, texts[second]!);
    } catch (thrown) {
      return { status: "failed", error: GatewayError.from(thrown) };
    }
  }

  /** The pairs that can be asked about now and were not yet. */
  function openPairs(contest: Contest, tally: Tally): readonly Pair[] {
    if (opponents === "knockout") return bracket(contest.candidates, (a, b) => winnerOf(tally, a, b)).open;
    return pairsOf(contest).filter((pair) => tally.comparison(pair).status === "open");
  }

  function callsFor(item: Item, { texts }: Contest, questions: readonly Question[], again: boolean): Call[] {
    return questions.map(({ first, second, sample }) => comparer.callFor(item, texts[first]!, texts[second]!, sample, again));
  }

  return {
    bearsFailures: true,
    // Each round of a knockout, and once more for what could not be read in it.
    maxFollowUps: opponents === "knockout" ? 2 * Math.ceil(Math.log2(maxComparisons + 1)) : 1,
    encode(item) {
      const contest = contestOf(item, opponents);
      const count = comparisonsOf(contest, opponents);
      if (count > maxComparisons) {
        const remedy =
          opponents === "all" ? "send fewer candidates, raise maxComparisons, or compare in a knockout" : "raise maxComparisons";
        throw new GatewayError("TOO_LARGE", `the item needs ${count} comparisons; the judge makes at most ${maxComparisons}: ${remedy}`, {
          details: { itemId: item.id, limit: maxComparisons },
        });
      }
      const tally = tallyOf(contest, [], [], options);
      const asked = openPairs(contest, tally).flatMap((pair) => tally.questionsAbout(pair));
      const ask: ComparingAsk = {
        candidates: [...item.candidates.keys()],
        calls: callsFor(item, contest, asked, false),
        // Texts that are equal, or that meet nobody in the first round, are in no call that could tell them apart.
        reads: JSON.stringify([contest.candidates, contest.texts]),
        asked,
      };
      return [ask];
    },
    followUp(ask, results, item) {
      const { candidates, asked, earlier = [] } = ask as ComparingAsk;
      const contest = contestOf(item, opponents);
      const tally = tallySoFar(contest, ask as ComparingAsk, results, item);
      const unread = asked.filter((question) => tally.mayAskAgain(question));
      const next = unread.length > 0 ? unread : openPairs(contest, tally).flatMap((pair) => tally.questionsAbout(pair));
      if (next.length === 0) return undefined;
      const further: ComparingAsk = {
        candidates,
        calls: callsFor(item, contest, next, unread.length > 0),
        earlier: [...earlier, ...results],
        asked: [...asked, ...next],
      };
      return further;
    },
    decode(ask, results, item): readonly RawScore[] {
      const contest = contestOf(item, opponents);
      return scoresOf(contest, tallySoFar(contest, ask as ComparingAsk, results, item), params);
    },
  };
}
