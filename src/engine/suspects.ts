import { LRUCache } from "lru-cache";
import type { Clock } from "../domain/clock.ts";

/** How a call may run, given the backend processes that ended while they ran it. */
export type Standing =
  /** With others. */
  | "clean"
  /** By itself, so that it takes nobody with it and what happens is its own doing. */
  | "alone"
  /** Not at all. */
  | "quarantined";

/** Crashes in company before a call runs by itself: the first may have been anybody's, and the retry shows it. */
const CRASHES_IN_COMPANY = 2;
/** Crashes, the last of them by itself, after which a call is refused. */
const CRASHES_AT_MOST = 3;
/** How long a crash is remembered, milliseconds. */
export const QUARANTINE_MS = 600_000;
/** Calls remembered; the one that crashed longest ago is forgotten first. */
const REMEMBERED_CALLS = 10_000;

/** The calls that were running when a backend process ended, by digest, for a while. */
export class Suspects {
  private readonly clock: Clock;
  private readonly crashes = new LRUCache<string, { readonly count: number; readonly until: number }>({ max: REMEMBERED_CALLS });

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A process ended while it ran this call, alone or among others. */
  blame(digest: string): void {
    this.crashes.set(digest, { count: this.count(digest) + 1, until: this.clock.now() + QUARANTINE_MS });
  }

  /** The call was answered, so it is harmless. */
  clear(digest: string): void {
    if (this.crashes.size > 0) this.crashes.delete(digest);
  }

  standingOf(digest: string): Standing {
    const count = this.crashes.size === 0 ? 0 : this.count(digest);
    if (count >= CRASHES_AT_MOST) return "quarantined";
    return count >= CRASHES_IN_COMPANY ? "alone" : "clean";
  }

  private count(digest: string): number {
    const known = this.crashes.get(digest);
    return known === undefined || known.until <= this.clock.now() ? 0 : known.count;
  }
}
