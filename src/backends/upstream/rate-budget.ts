import type { RunContext } from "../../domain/backend.ts";
import type { Clock } from "../../domain/clock.ts";
import { GatewayError } from "../../domain/errors.ts";

/** What a server allows within any minute, over all callers. */
export interface RateLimits {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** Keeps the requests to a server within what it allows. */
export interface RateBudget {
  /**
   * Waits until one more request with so many tokens is allowed, in order of arrival.
   *
   * @param tokens read and written, at most
   * @throws {GatewayError} BACKEND_UNAVAILABLE, with the time to wait, when its callers will have given up by the time that those
   *   before it let it through; CALLER_GONE when they leave
   */
  take(tokens: number, context?: RunContext): Promise<Allowance>;
  /** Turns away what waits. */
  close(): void;
}

/** Leave for one request, which counts from now on. */
export interface Allowance {
  /** The request is on its way: the minute in which it counts begins. */
  begin(): void;
  /** Corrects the tokens once they are known. */
  correct(actual: number): void;
  /** The request was not made after all. */
  giveBack(): void;
}

const MINUTE_MS = 60_000;

/** A request of the last minute. */
interface Spent {
  readonly at: number;
  tokens: number;
}

/**
 * A budget over a sliding minute: no minute holds more requests or tokens than are allowed, wherever it begins. A request with more
 * tokens than a minute allows goes once nothing was asked for a minute.
 *
 * @param backend name, for messages
 * @param onHeld  hears of each request that was held back, and whether it was refused
 */
export function createRateBudget(
  backend: string,
  { requestsPerMinute = Infinity, tokensPerMinute = Infinity }: RateLimits,
  clock: Clock,
  onHeld: (outcome: "waited" | "refused") => void = () => {},
): RateBudget {
  /** In order of time. */
  let spent: Spent[] = [];
  /** Tokens of allowances whose requests are not on their way yet. */
  const held = new Set<{ tokens: number }>();
  let waiting: { readonly tokens: number; readonly start: () => void; readonly leave: () => void }[] = [];
  let cancelTimer = () => {};

  /** Milliseconds until the last of these requests is allowed, in their order, if each takes its tokens and what is held begins now. */
  function waitMs(queue: readonly { readonly tokens: number }[]): number {
    const now = clock.now();
    spent = spent.filter(({ at }) => at + MINUTE_MS > now);
    const window: Spent[] = [...spent, ...[...held].map(({ tokens }) => ({ at: now, tokens }))];
    let used = window.reduce((total, one) => total + one.tokens, 0);
    let first = 0;
    let allowedAt = now;
    for (const { tokens } of queue) {
      while (first < window.length && (window.length - first >= requestsPerMinute || used + tokens > tokensPerMinute)) {
        const freed = window[first++]!;
        used -= freed.tokens;
        allowedAt = Math.max(allowedAt, freed.at + MINUTE_MS);
      }
      window.push({ at: allowedAt, tokens });
      used += tokens;
    }
    return allowedAt - now;
  }

  /** Starts what is allowed now, in order, and comes back when the next one will be. */
  function advance(): void {
    cancelTimer();
    cancelTimer = () => {};
    for (;;) {
      const [first] = waiting;
      if (first === undefined) return;
      const wait = waitMs([first]);
      if (wait > 0) {
        cancelTimer = clock.after(wait, advance);
        return;
      }
      waiting.shift();
      first.start();
    }
  }

  function allow(tokens: number): Allowance {
    let one: { tokens: number } = { tokens };
    held.add(one);
    return {
      begin() {
        held.delete(one);
        const begun: Spent = { at: clock.now(), tokens };
        one = begun;
        spent.push(begun);
      },
      correct(actual) {
        one.tokens = actual;
        advance();
      },
      giveBack() {
        held.delete(one);
        advance();
      },
    };
  }

  return {
    async take(tokens, context) {
      const wait = waitMs([...waiting, { tokens }]);
      if (wait > 0 && wait >= (context?.remainingMs() ?? Infinity)) {
        onHeld("refused");
        const message = `backend "${backend}" has used up what its server allows a minute; try again later, or raise \`rate\``;
        throw new GatewayError("BACKEND_UNAVAILABLE", message, { details: { retryAfterMs: Math.ceil(wait) } });
      }
      if (wait > 0) onHeld("waited");
      return new Promise((resolve, reject) => {
        const leave = () => {
          context?.signal.removeEventListener("abort", leave);
          waiting = waiting.filter((other) => other !== own);
          advance();
          reject(new GatewayError("CALLER_GONE", `every caller of backend "${backend}" left before it could be asked`));
        };
        const own = {
          tokens,
          leave,
          start() {
            context?.signal.removeEventListener("abort", leave);
            resolve(allow(tokens));
          },
        };
        waiting.push(own);
        context?.signal.addEventListener("abort", leave);
        if (context?.signal.aborted) leave();
        else advance();
      });
    },
    close() {
      const left = waiting;
      waiting = [];
      for (const { leave } of left) leave();
    },
  };
}
