import TinyQueue from "tinyqueue";
import type { BatchLimits } from "../domain/backend.ts";
import type { Flight } from "./flight.ts";

/** A batch and why it took no more. */
export interface Batch {
  readonly flights: Flight[];
  /** Longest length in it. */
  readonly longest: number;
  /** Sum of lengths. */
  readonly tokens: number;
  readonly closedBy: "full" | "tokens" | "idle";
}

/**
 * Prepared calls that wait for a backend, in two orders at once: by urgency, to choose who must go next, and by length,
 * to choose who may travel with them at little padding. A flight that stopped waiting is dropped when it is met.
 */
export class LengthQueue {
  private readonly heap = new TinyQueue<Flight>([], (a, b) => a.rank - b.rank || a.order - b.order);
  private readonly byLength = new Map<number, Flight[]>();
  private live = 0;
  private liveTokens = 0;

  get size(): number {
    return this.live;
  }
  get tokens(): number {
    return this.liveTokens;
  }

  push(flight: Flight): void {
    const length = flight.prepared!.tokens;
    this.heap.push(flight);
    const bucket = this.byLength.get(length);
    if (bucket) bucket.push(flight);
    else this.byLength.set(length, [flight]);
    this.live++;
    this.liveTokens += length;
  }

  /** Tells the queue that a flight it holds waits no longer; the queue forgets it when it comes across it. */
  forget(flight: Flight): void {
    this.live--;
    this.liveTokens -= flight.prepared!.tokens;
  }

  /** A flight it holds became more urgent. */
  reprioritise(flight: Flight): void {
    // A second entry at the new rank; the old one is skipped when it surfaces, like that of any flight that has left.
    this.heap.push(flight);
  }

  /** The most urgent waiting flight, left in place. */
  peek(): Flight | undefined {
    for (;;) {
      const first = this.heap.peek();
      if (first === undefined || isWaiting(first)) return first;
      this.heap.pop();
    }
  }

  /**
   * Takes the most urgent flight and the company that fits it best: nearest lengths first, oldest first within a length,
   * until the budget of tokens, the number of calls or the share of padding is reached.
   *
   * @param tokenBudget most tokens of this batch, padding counted when the backend pads; the most urgent flight goes even
   *   when it alone passes it
   */
  take(limits: BatchLimits, tokenBudget: number): Batch | undefined {
    const anchor = this.peek();
    if (anchor === undefined) return undefined;
    this.heap.pop();
    const anchorLength = anchor.prepared!.tokens;
    this.removeFromBucket(anchor, anchorLength);
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
        const bucket = this.byLength.get(length);
        while (bucket !== undefined && bucket.length > 0) {
          const next = bucket[0]!;
          if (!isWaiting(next)) {
            this.removeFromBucket(next, length);
            continue;
          }
          if (flights.length >= maxCalls) {
            closedBy = "full";
            break;
          }
          const newLongest = Math.max(longest, length);
          const newTokens = tokens + length;
          const cost = limits.padded ? newLongest * (flights.length + 1) : newTokens;
          if (cost > tokenBudget) {
            closedBy = "tokens";
            break;
          }
          if (limits.padded && newTokens < cost * (1 - limits.maxPaddingRatio)) break;
          this.removeFromBucket(next, length);
          this.forget(next);
          // Taken flights stay in the heap until they surface; their state tells that they no longer wait.
          flights.push(next);
          longest = newLongest;
          tokens = newTokens;
        }
        if (closedBy !== "idle") break;
      }
    }
    return { flights, longest, tokens, closedBy };
  }

  private removeFromBucket(flight: Flight, length: number): void {
    const bucket = this.byLength.get(length);
    if (bucket === undefined) return;
    if (bucket[0] === flight) bucket.shift();
    else {
      const index = bucket.indexOf(flight);
      if (index >= 0) bucket.splice(index, 1);
    }
    if (bucket.length === 0) this.byLength.delete(length);
  }
}

function isWaiting(flight: Flight): boolean {
  return flight.state === "waiting";
}
