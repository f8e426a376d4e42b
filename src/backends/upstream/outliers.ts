import type { Clock } from "../../domain/clock.ts";

/** Finds the one among servers that answer alike that fails more than the others. */
export interface OutlierWatch<A> {
  /**
   * A call to one of them ended.
   * @returns whether it now fails clearly more often than all the others together
   */
  record(address: A, failed: boolean): boolean;
  /** Forgets what one of them did. */
  forget(address: A): void;
}

const WINDOW_MS = 60_000;
/** Most calls that are remembered of one server, and fewest that say something. */
const CALLS = { most: 100, fewest: 20 };
/** By how much the share of failed calls must pass that of the others. */
const MARGIN = 0.25;

/**
 * Compares the share of calls that failed at each server with that at all others, over the last minute and 100 calls of each. With one
 * server, or too few calls at it or at the others, nobody is an outlier: when all fail alike, none is worse.
 */
export function createOutlierWatch<A>(clock: Clock): OutlierWatch<A> {
  const ended = new Map<A, { readonly at: number; readonly failed: boolean }[]>();

  return {
    record(address, failed) {
      const now = clock.now();
      ended.set(address, [...(ended.get(address) ?? []), { at: now, failed }].slice(-CALLS.most));
      if (!failed) return false;
      const own = { calls: 0, failures: 0 };
      const others = { calls: 0, failures: 0 };
      for (const [one, calls] of ended) {
        const sum = one === address ? own : others;
        for (const call of calls) {
          if (now - call.at >= WINDOW_MS) continue;
          sum.calls++;
          if (call.failed) sum.failures++;
        }
      }
      if (own.calls < CALLS.fewest || others.calls < CALLS.fewest) return false;
      return own.failures / own.calls >= others.failures / others.calls + MARGIN;
    },
    forget(address) {
      ended.delete(address);
    },
  };
}
