import { LRUCache } from "lru-cache";
import type { Truncation } from "../domain/backend.ts";
import type { RawScore } from "../domain/judge.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { allFinite } from "./judgement.ts";

/** The answers to one ask, as the cache keeps them. */
export interface CachedAnswer {
  /** In the order of `ask.candidates`. */
  readonly scores: readonly RawScore[];
  readonly tokens: number;
  readonly truncation: Truncation | undefined;
}

export interface ScoreCache {
  get(judgeRevision: string, askDigest: string): CachedAnswer | undefined;
  /** Stores the answer when every score in it is finite; anything else is left out. */
  set(judgeRevision: string, askDigest: string, answer: CachedAnswer): void;
}

export interface ScoreCacheOptions {
  /** Most bytes held, by estimate of entry sizes; 0 turns the cache off. */
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly metrics?: Metrics;
}

/** Key, list links, index slots and the answer object itself, measured on V8 with a million entries. */
const ENTRY_BYTES = 330;
/** A score's own object, with its value. */
const SCORE_BYTES = 64;
/** A finding's own object, with its numbers. */
const FINDING_BYTES = 80;
/** A typed array's own objects, besides its numbers. */
const VECTOR_BYTES = 200;

/**
 * Raw scores of judges, least recently used out first. The key is the judge's revision and the digest of what was asked,
 * so a new revision never meets old entries, and changing weights, calibration or transforms of a panel empties nothing.
 */
export function createScoreCache(options: ScoreCacheOptions): ScoreCache {
  if (options.maxBytes === 0) return { get: () => undefined, set: () => {} };
  const { metrics } = options;
  const evictions = metrics?.cache.evictions.labels({ tier: "l1" });
  const hits = metrics?.cache.requests.labels({ tier: "l1", result: "hit" });
  const misses = metrics?.cache.requests.labels({ tier: "l1", result: "miss" });
  const entries = new LRUCache<string, CachedAnswer>({
    // Room for `max` is taken at once, so no more of it than the smallest entries could fill.
    max: Math.min(options.maxEntries, Math.ceil(options.maxBytes / (ENTRY_BYTES + SCORE_BYTES))),
    maxSize: options.maxBytes,
    sizeCalculation: sizeOf,
    ...(evictions && { dispose: (_answer: CachedAnswer, _key: string, reason: string) => reason === "evict" && evictions.inc() }),
  });
  metrics?.onScrape(() => {
    metrics.cache.entries.set({ tier: "l1" }, entries.size);
    metrics.cache.bytes.set({ tier: "l1" }, entries.calculatedSize);
  });
  const spaces = new Map<string, string>();
  const key = (revision: string, digest: string) => {
    let space = spaces.get(revision);
    if (space === undefined) {
      space = `${spaces.size}:`;
      spaces.set(revision, space);
    }
    return space + digest;
  };
  return {
    get(revision, digest) {
      const answer = entries.get(key(revision, digest));
      if (answer === undefined) misses?.inc();
      else hits?.inc();
      return answer;
    },
    set(revision, digest, answer) {
      if (answer.scores.every(isStorable)) entries.set(key(revision, digest), answer);
    },
  };
}

function isStorable(score: RawScore): boolean {
  return score.outcome === "scored" && allFinite(score);
}

function sizeOf(answer: CachedAnswer): number {
  let bytes = ENTRY_BYTES;
  for (const score of answer.scores) {
    bytes += SCORE_BYTES;
    if (score.outcome !== "scored") continue;
    if (score.objectives) bytes += VECTOR_BYTES + 8 * score.objectives.length;
    if (score.gating) bytes += VECTOR_BYTES + 8 * score.gating.length;
    if (score.tokenRewards) bytes += VECTOR_BYTES + 8 * score.tokenRewards.length;
    if (score.critique !== undefined) bytes += 2 * score.critique.length;
    for (const { name, text = "" } of score.findings ?? []) bytes += FINDING_BYTES + 2 * (name.length + text.length);
  }
  return bytes;
}
