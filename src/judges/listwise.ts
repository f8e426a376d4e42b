import type { CallResult, ChatCall } from "../domain/backend.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Finding, Judge, RawScore } from "../domain/judge.ts";
import { presentable } from "../domain/presentable.ts";
import { moments } from "../reward/moments.ts";
import { sum } from "../reward/numerics.ts";
import { type Principles, principlesMissing } from "./generative/principles.ts";
import type { Fence } from "./generative/quoted-text.ts";
import type { Settled } from "./generative/reading.ts";
import { answersTo, askAgain, leastValid, samplingsOf, tooFewRead } from "./generative/sampling.ts";
import type { ListwiseConfig } from "./listwise/params.ts";
import { listedTexts, listMessages, listSchema, type Marks, marksOf } from "./listwise/prompt.ts";
import { type Listing, readListing } from "./listwise/read-listing.ts";
import { averageOverOrders } from "./multi-response/order-bias.ts";
import { foreignToText, TEXT_ONLY } from "./shared/chat-asks.ts";

export { type ListwiseConfig, listwiseSchema } from "./listwise/params.ts";

/** What such a judge is made from, besides its configuration. */
export interface ListwiseSpec {
  readonly name: string;
  readonly revision: string;
  readonly principles: Principles;
  readonly fence: Fence;
}

/** Version of prompts and readers; part of the revision of every judge of this kind. */
export const LISTWISE_VERSION = 1;

/**
 * A generative judge that scores and ranks all candidates of an item under principles.
 *
 * Asks: `samples` chats about all candidates, each in another order, and each that could not be read once more. Reads: a JSON object with a
 * score for every candidate and a ranking that does not contradict them. Scale: unit. Sees the other candidates. Known bias: for a place,
 * which several orders measure and average; for long and confident text; scores of one answer are relative to each other.
 *
 * @see Yu et al. 2025, RewardAnything: Generalizable Principle-Following Reward Models, arXiv:2506.03637
 */
export function createListwiseJudge({ name, revision, principles, fence }: ListwiseSpec, config: ListwiseConfig): Judge {
  const { lo, hi, critique, maxCandidates } = config;
  const samplings = samplingsOf(config);
  const minValid = leastValid(config);
  const prompt = { ...config, principles, fence };

  function callsFor(item: Item, samples: readonly number[], again: boolean): ChatCall[] {
    const marks = marksOf(item, prompt);
    return samples.map((sample) => ({
      type: "chat",
      messages: listMessages(item, marks, sample, prompt, again),
      schema: listSchema(prompt, marks, sample),
      sampling: samplings[sample]!,
      alternatives: 0,
    }));
  }

  function read(ask: Ask, results: readonly CallResult[], item: Item, { names }: Marks): Settled<Listing>[] {
    const untrusted = listedTexts(item, principles);
    return answersTo(ask, results, (completion) => readListing(completion, { lo, hi, critique, names }, untrusted));
  }

  return {
    name,
    revision,
    kind: "listwise",
    backend: config.backend,
    space: "unit",
    determinism: { class: "none" },
    accepts: TEXT_ONLY,
    notApplicable: (item) => foreignToText(item) ?? principlesMissing(principles, item),
    encode(item) {
      const count = item.candidates.length;
      if (count > maxCandidates) {
        const message = `the item has ${count} candidates and the judge lists at most ${maxCandidates}: send fewer, or raise maxCandidates`;
        throw new GatewayError("TOO_LARGE", message, { details: { itemId: item.id, limit: maxCandidates } });
      }
      return [{ candidates: [...item.candidates.keys()], calls: callsFor(item, [...samplings.keys()], false) }];
    },
    followUp: (ask, results, item) =>
      askAgain(ask, results, read(ask, results, item, marksOf(item, prompt)), (unread) => callsFor(item, unread, true)),
    decode(ask, results, item) {
      const marks = marksOf(item, prompt);
      const answers = read(ask, results, item, marks);
      const listed = answers.flatMap((answer, sample) =>
        answer.status === "read" ? [{ listing: answer.value, order: marks.orders[sample]! }] : [],
      );
      if (listed.length < minValid) throw tooFewRead(answers, listed.length);
      return scoresOf(listed, marks);
    },
  };
}

/** Scores by candidate: the means over the answers, with what the answers differ in. */
function scoresOf(
  listed: readonly { readonly listing: Listing; readonly order: readonly number[] }[],
  { names }: Pick<Marks, "names">,
): RawScore[] {
  const { scores, slotShare, flipRate } = averageOverOrders(
    listed.map(({ listing, order }) => ({ order, scores: order.map((candidate) => listing.scores[candidate]!) })),
  );
  const critique = withoutNames(listed[0]!.listing.critique, names);
  return names.map((_, candidate): RawScore => {
    const findings: Finding[] = [{ name: "rank", value: sum(listed.map(({ listing }) => listing.ranks[candidate]!)) / listed.length }];
    if (listed.length > 1) {
      const given = listed.map(({ listing }) => listing.scores[candidate]!);
      findings.push({ name: "spread over orders", value: moments(given, 0).std });
      findings.push({ name: "share of the order", value: slotShare }, { name: "flips of the best", value: flipRate });
    }
    return { outcome: "scored", value: scores[candidate]!, findings, ...(critique !== undefined && { critique }) };
  });
}

/** The critique with candidates called by their places in the request. */
function withoutNames(critique: string | undefined, names: readonly string[]): string | undefined {
  if (critique === undefined) return undefined;
  return presentable(names.reduce((text, name, candidate) => text.replaceAll(name, `candidate ${candidate}`), critique));
}
