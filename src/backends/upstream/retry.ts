/** What a retry policy is told of a call that failed. */
export interface FailedAttempt {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  /** Whether the same call may be made again at all. */
  readonly safe: boolean;
  /** Whether an address that has not failed this call could be asked at once. */
  readonly fresh: boolean;
  /** Milliseconds until the caller gives up. */
  readonly remainingMs: number;
}

/** Decides about retries for all calls to one backend, so that an outage is not made worse. */
export interface RetryPolicy {
  /** Retries that failures may still take, from 0. */
  readonly budget: number;
  /** A call succeeded. */
  succeeded(): void;
  /** A call failed in a way that speaks against the server. */
  failed(): void;
  /** Milliseconds to wait before the call is made again, or undefined when it must not be. */
  delayMs(failed: FailedAttempt): number | undefined;
}

export interface RetryOptions {
  /** Attempts of one call, the first included. */
  readonly maxAttempts: number;
  /** Calls that one server may lose at once while others could take them; 0 where there are no others. */
  readonly spare: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const FIRST_DELAY_MS = 100;
const DELAY_MS_AT_MOST = 1_000;
const BUDGET = 10;
const BUDGET_PER_SUCCESS = 0.1;

/**
 * Exponential backoff from 100 ms to 1 s, ±20 %, or no wait when another address is at hand; under a budget that each failure takes 1
 * from and each success gives 0.1 to, and that allows no retry while half of it or less is left (as gRPC's retry throttling). The budget
 * is 10, and twice the calls more that go down with one of several servers.
 */
export function createRetryPolicy({ maxAttempts, spare, random }: RetryOptions): RetryPolicy {
  const full = BUDGET + 2 * spare;
  let budget = full;
  return {
    get budget() {
      return Math.max(0, budget - full / 2);
    },
    succeeded() {
      budget = Math.min(full, budget + BUDGET_PER_SUCCESS);
    },
    failed() {
      budget = Math.max(0, budget - 1);
    },
    delayMs({ attempt, safe, fresh, remainingMs }) {
      if (!safe || attempt >= maxAttempts || budget <= full / 2) return undefined;
      if (fresh) return 0;
      const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), DELAY_MS_AT_MOST) * (0.8 + 0.4 * random());
      return delay < remainingMs ? delay : undefined;
    },
  };
}

/** Longest that a server's wish to be left alone is heeded, milliseconds. */
export const LONGEST_REST_MS = 30_000;

/**
 * Milliseconds that a `Retry-After` header asks for, ≥ 0: seconds, or a date; undefined when there is none that can be read.
 *
 * @param wallClock milliseconds since the epoch
 */
export function parseRetryAfter(value: string | undefined, wallClock: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}(\.\d{1,3})?$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallClock);
}
