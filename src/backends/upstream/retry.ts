/** What a retry policy is told of a call that failed. */
export interface FailedAttempt {
  /** Attempts made so far, from 1. */
  readonly attempt: number;
  /** Whether the same call may be made again at all. */
  readonly safe: boolean;
  /** Milliseconds that the server asked to wait. */
  readonly hintMs: number | undefined;
  /** Milliseconds until the caller gives up. */
  readonly remainingMs: number;
}

/** Decides about retries for all calls to one backend, so that an outage is not made worse. */
export interface RetryPolicy {
  /** A call succeeded. */
  succeeded(): void;
  /** Milliseconds to wait before the call is made again, or undefined when it must not be. */
  delayMs(failed: FailedAttempt): number | undefined;
}

const FIRST_DELAY_MS = 100;
const DELAY_MS_AT_MOST = 1_000;
const BUDGET = 10;
const BUDGET_PER_SUCCESS = 0.1;

/**
 * Exponential backoff from 100 ms to 1 s, ±20 %, or what the server asked for; under a budget of 10 that each failure takes
 * 1 from and each success gives 0.1 to, and that allows no retry while half of it or less is left (as gRPC's retry throttling).
 *
 * @param maxAttempts attempts of one call, the first included
 * @param random      uniform in [0, 1)
 */
export function createRetryPolicy(maxAttempts: number, random: () => number): RetryPolicy {
  let budget = BUDGET;
  return {
    succeeded() {
      budget = Math.min(BUDGET, budget + BUDGET_PER_SUCCESS);
    },
    delayMs({ attempt, safe, hintMs, remainingMs }) {
      budget = Math.max(0, budget - 1);
      if (!safe || attempt >= maxAttempts || budget <= BUDGET / 2) return undefined;
      const backoff = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), DELAY_MS_AT_MOST);
      // A hint is a least time, so it is only ever spread upwards.
      const delay = hintMs === undefined ? backoff * (0.8 + 0.4 * random()) : hintMs * (1 + 0.2 * random());
      return delay < remainingMs ? delay : undefined;
    },
  };
}

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
