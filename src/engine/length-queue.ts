import TinyQueue from "tinyqueue";
import type { BatchLimits } from "../domain/backend.ts";
import type { Flight } from "./flight.ts";
import { addRows, fillRow } from "./prefix-rows.ts";

/** A batch and why it took no more. */
export interface Batch {
  readonly flights: readonly Flight[];
  /** Sum of the calls' lengths. */
  readonly tokens: number;
  /** Tokens that the backend reads: less than `tokens` where calls share a prefix. */
  readonly readTokens: number;
  /** The same with padding, where the backend pads. */
  readonly paddedTokens: number;
  readonly closedBy: "full" | "tokens" | "idle";
}

/** A flight as the order of urgency knows it: of one that became more urgent meanwhile an older entry holds no more. */
interface Entry {
  readonly flight: Flight;
  readonly rank: number;
}

/**
 * Prepared calls that wait for a backend, in three orders at once: by urgency, to choose who must go next, and of equal urgency, as the calls
 * of one request are, the longest first, so that short ones even out the end and batches in a row are alike, which suits a runtime; by prefix, to choose who can
 * be read in one row with them, and else by length, to choose who may travel with them at little padding, or, for a backend that pads
 * nothing, by what may go in one request. In the order of urgency a
 * flight that waits no longer stays until it comes up.
 */
export class LengthQueue {
  private readonly heap = new TinyQueue<Entry>([], (a, b) => a.rank - b.rank || byLengthAndOrder(a.flight, b.flight));
  /** By length, or by request; without those that wait together with others of their prefix. */
  private readonly buckets = new Map<number | string, Flight[]>();
  /** Those that wait, in the order of arrival. */
  private readonly byPrefix = new Map<string, Flight[]>();
  private live = 0;
  private liveTokens = 0;
  private readonly padded: boolean;

  constructor({ padded }: Pick<BatchLimits, "padded">) {
    this.padded = padded;
  }

  get size(): number {
    return this.live;
  }
  get tokens(): number {
    return this.liveTokens;
  }

  push(flight: Flight): void {
    const { tokens: length, prefix } = flight.prepared!;
    this.heap.push({ flight, rank: flight.rank });
    this.live++;
    this.liveTokens += length;
    const group = prefix && this.byPrefix.get(prefix.key);
    if (group !== undefined) {
      if (group.length === 1) this.removeFromBucket(group[0]!);
      group.push(flight);
      return;
    }
    if (prefix !== undefined) this.byPrefix.set(prefix.key, [flight]);
    this.addToBucket(flight);
  }

  /** Takes out a flight that waits no longer; in the order of urgency it stays until it comes up. */
  forget(flight: Flight): void {
    const { tokens, prefix } = flight.prepared!;
    this.removeFromBucket(flight);
    this.live--;
    this.liveTokens -= tokens;
    const group = prefix && this.byPrefix.get(prefix.key);
    if (group === undefined) return;
    const left = group.filter((member) => member !== flight);
    if (left.length > 0) this.byPrefix.set(prefix!.key, left);
    else this.byPrefix.delete(prefix!.key);
    // The last of its prefix has company by length again.
    if (left.length === 1) this.addToBucket(left[0]!);
  }

  /** A flight it holds became more urgent. */
  reprioritise(flight: Flight): void {
    // A second entry at the new rank; the old one, which must keep its own or it would stand out of order, is skipped when it surfaces.
    this.heap.push({ flight, rank: flight.rank });
  }

  /** The most urgent waiting flight, left in place. */
  peek(): Flight | undefined {
    for (;;) {
      const first = this.heap.peek();
      if (first === undefined) return undefined;
      if (isWaiting(first.flight) && first.rank === first.flight.rank) return first.flight;
      this.heap.pop();
    }
  }

  /**
   * Takes the most urgent flight and the company that fits it best: those of its prefix, where there are any, then other rows of calls that
   * share one; else nearest lengths first, oldest first within a length, or the oldest of its request; until the budget of tokens, the number of calls or the share
   * of padding is reached.
   *
   * @param tokenBudget most tokens of this batch, padding counted when the backend pads; the most urgent flight goes even
   *   when it alone passes it
   */
  take(limits: BatchLimits, tokenBudget: number): Batch | undefined {
    const anchor = this.peek();
    if (anchor === undefined) return undefined;
    this.heap.pop();
    const { tokens: anchorLength, prefix } = anchor.prepared!;
    const siblings = (prefix && this.byPrefix.get(prefix.key)) ?? [];
    if (siblings.length > 1 && limits.batchable) return this.takeRows(anchor, siblings, limits, tokenBudget);
    this.forget(anchor);
    const flights = [anchor];
    let longest = anchorLength;
    let tokens = anchorLength;
    let closedBy: Batch["closedBy"] = "idle";
    const maxCalls = limits.batchable ? limits.maxBatchCalls : 1;
    const shortest = Math.ceil(anchorLength * (1 - limits.maxPaddingRatio));
    const tallest = Math.floor(anchorLength / (1 - limits.maxPaddingRatio));
    for (let distance = 0; closedBy === "idle"; distance++) {
      const below = anchorLength - distance;
      const above = anchorLength + distance;
      if (below < shortest && above > tallest) break;
      for (const length of distance === 0 ? [anchorLength] : [below, above]) {
        if (length < shortest || length > tallest) continue;
        const bucket = this.buckets.get(this.padded ? length : this.bucketOf(anchor));
        while (bucket !== undefined && bucket.length > 0) {
          const next = bucket[0]!;
          if (flights.length >= maxCalls) {
            closedBy = "full";
            break;
          }
          const own = next.prepared!.tokens;
          const newLongest = Math.max(longest, own);
          const newTokens = tokens + own;
          const cost = limits.padded ? newLongest * (flights.length + 1) : newTokens;
          if (cost > tokenBudget) {
            closedBy = "tokens";
            break;
          }
          if (limits.padded && newTokens < cost * (1 - limits.maxPaddingRatio)) break;
          this.forget(next);
          // Taken flights stay in the heap until they surface; their state tells that they no longer wait.
          flights.push(next);
          longest = newLongest;
          tokens = newTokens;
        }
        if (closedBy !== "idle") break;
      }
    }
    return { flights, tokens, readTokens: tokens, paddedTokens: limits.padded ? longest * flights.length : tokens, closedBy };
  }

  /** A batch of rows: that of the most urgent flight and its siblings, then others about as long. */
  private takeRows(anchor: Flight, siblings: readonly Flight[], limits: BatchLimits, tokenBudget: number): Batch {
    const room = { tokens: tokenBudget, calls: limits.maxBatchCalls };
    const first = fillRow([anchor, ...siblings.filter((flight) => flight !== anchor)], room);
    for (const flight of first.flights) this.forget(flight);
    const { rows, closedBy } = addRows(first, this.byPrefix.values(), limits, tokenBudget);
    const flights = rows.flatMap((row) => row.flights);
    for (const flight of flights.slice(first.flights.length)) this.forget(flight);
    const lengths = rows.map(({ tokens }) => tokens);
    const readTokens = lengths.reduce((sum, length) => sum + length, 0);
    return {
      flights,
      tokens: flights.reduce((sum, { prepared }) => sum + prepared!.tokens, 0),
      readTokens,
      paddedTokens: limits.padded ? Math.max(...lengths) * rows.length : readTokens,
      closedBy,
    };
  }

  private addToBucket(flight: Flight): void {
    const key = this.bucketOf(flight);
    const bucket = this.buckets.get(key);
    if (bucket) bucket.push(flight);
    else this.buckets.set(key, [flight]);
  }

  private removeFromBucket(flight: Flight): void {
    const key = this.bucketOf(flight);
    const bucket = this.buckets.get(key);
    if (bucket === undefined) return;
    if (bucket[0] === flight) bucket.shift();
    else {
      const index = bucket.indexOf(flight);
      if (index >= 0) bucket.splice(index, 1);
    }
    if (bucket.length === 0) this.buckets.delete(key);
  }

  /** Where a flight's company is. */
  private bucketOf({ prepared }: Flight): number | string {
    return this.padded ? prepared!.tokens : (prepared!.request ?? "");
  }
}

/** The longest first, and of equal length the first that came. */
function byLengthAndOrder(a: Flight, b: Flight): number {
  return b.prepared!.tokens - a.prepared!.tokens || a.order - b.order;
}

function isWaiting(flight: Flight): boolean {
  return flight.state === "waiting";
}
