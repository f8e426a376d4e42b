import { GatewayError } from "../domain/errors.ts";
import type { Item } from "../domain/item.ts";
import type { Ask, Judge } from "../domain/judge.ts";
import type { CacheUse } from "../domain/score.ts";
import type { CachedAnswer, ScoreCache } from "./cache.ts";
import { digestAsks } from "./digest.ts";
import type { Flight } from "./flight.ts";
import { failedJudgement, type Judgement } from "./judgement.ts";

/** A question that the cache could not answer, and where its answer belongs. */
export interface OpenAsk {
  readonly judge: Judge;
  /** Whether a reward depends on it. */
  readonly counts: boolean;
  readonly item: Item;
  /** What is asked now: what `encode` asked, or what follows it. */
  ask: Ask;
  /** Digest of what `encode` asked; absent when there is nothing to ask, so that the answer is not kept. */
  readonly digest: string | undefined;
  /** The row of judgements to fill, by candidate. */
  readonly row: Judgement[];
  /** Further asks so far. */
  followUps: number;
  flights: readonly Flight[];
  /** Flights of its own that have not settled. */
  missing: number;
  readonly heard: AskHeard;
}

/** Hears of an ask that counts. */
export interface AskHeard {
  /** Its row is filled; once. */
  filled(): void;
  /** Models have read so many tokens for it. */
  spent(tokens: number): void;
}

const NOBODY: AskHeard = { filled: () => {}, spent: () => {} };

/** What a row of judgements is made with. */
export interface RowSources {
  readonly cache: ScoreCache;
  readonly use: CacheUse;
  /** Takes the asks that the cache could not answer. */
  readonly open: OpenAsk[];
  readonly heard: AskHeard;
  /** Hears of a judge that could not say what it asks. */
  onFailure(judge: Judge, error: GatewayError): void;
}

/**
 * What one judge says of every candidate, as far as the cache knows; the answers to what it does not know fill the row later.
 *
 * @param counts whether a reward depends on the judge; nobody hears of the others
 */
export function openRow(judge: Judge, item: Item, counts: boolean, { cache, use, open, heard, onFailure }: RowSources): Judgement[] {
  const row: Judgement[] = new Array(item.candidates.length);
  let asks: readonly Ask[];
  try {
    asks = judge.encode(item);
  } catch (thrown) {
    const error = GatewayError.from(thrown);
    onFailure(judge, error);
    return row.fill(failedJudgement(error));
  }
  const digests = digestAsks(asks);
  for (let index = 0; index < asks.length; index++) {
    const ask = asks[index]!;
    // An answer that takes no call costs less than looking for it.
    const digest = digests[index];
    const answer = digest !== undefined && use === "use" ? cache.get(judge.revision, digest) : undefined;
    if (answer !== undefined) fillRow(row, ask, answer, true);
    else open.push({ judge, counts, item, ask, digest, row, followUps: 0, flights: [], missing: 0, heard: counts ? heard : NOBODY });
  }
  return row;
}

/** Asks that have calls, by the backend that these go to. */
export function byBackend(open: readonly OpenAsk[]): ReadonlyMap<string | undefined, readonly OpenAsk[]> {
  const asks = new Map<string | undefined, OpenAsk[]>();
  for (const entry of open) {
    if (entry.ask.calls.length === 0) continue;
    const name = entry.ask.backend ?? entry.judge.backend;
    const known = asks.get(name);
    if (known) known.push(entry);
    else asks.set(name, [entry]);
  }
  return asks;
}

/** Puts a failure in the place of every score of an ask. */
export function fillFailed({ ask, row }: OpenAsk, error: GatewayError): void {
  const failure = failedJudgement(error);
  for (const candidate of ask.candidates) row[candidate] = failure;
}

/** Puts the scores of an answered ask in their places. */
export function fillRow(row: Judgement[], ask: Ask, answer: CachedAnswer, cached: boolean): void {
  const { tokens, truncation } = answer;
  const { candidates } = ask;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    const raw = answer.scores[index];
    if (raw === undefined)
      row[candidate] = failedJudgement(new GatewayError("JUDGE_OUTPUT_UNREADABLE", "the judge gave fewer scores than asked"));
    else if (raw.outcome === "scored") row[candidate] = { outcome: "scored", raw, cached, tokens, truncation };
    else if (raw.outcome === "failed") row[candidate] = failedJudgement(raw.error, raw.findings);
    else {
      const failure = { reason: "JUDGE_OUTPUT_UNREADABLE", message: raw.message, retryable: false } as const;
      row[candidate] = { outcome: "abstained", failure, ...(raw.findings && { findings: raw.findings }) };
    }
  }
}
