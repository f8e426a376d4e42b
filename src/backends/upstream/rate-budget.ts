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
   * @returns corrects the tokens once they are known
   * @throws {GatewayError} BACKEND_UNAVAILABLE, with the time to wait, when its callers will have given up by then; CALLER_GONE when
   *   they leave
   */
  take(tokens: number, context?: RunContext): Promise<(actual: number) => void>;
  /** Turns away what waits. */
  close(): void;
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
  let waiting: { readonly tokens: number; readonly start: () => void; readonly leave: () => void }[] = [];
  let cancelTimer = () => {};

  /** Milliseconds until so many tokens are allowed, if nobody else asks. */
  function waitMs(tokens: number): number {
    const now = clock.now();
    spent = spent.filter(({ at }) => at + MINUTE_MS > now);
    let requests = spent.length;
    let used = spent.reduce((total, one) => total + one.tokens, 0);
    let wait = 0;
    for (const { at, tokens: freed } of spent) {
      if (requests < requestsPerMinute && used + tokens <= tokensPerMinute) break;
      requests--;
      used -= freed;
      wait = at + MINUTE_MS - now;
    }
    return wait;
  }

  /** Starts what is allowed now, in order, and comes back when the next one will be. */
  function advance(): void {
    cancelTimer();
    cancelTimer = () => {};
    for (;;) {
      const [first] = waiting;
      if (first === undefined) return;
      const wait = waitMs(first.tokens);
      if (wait > 0) {
        cancelTimer = clock.after(wait, advance);
        return;
      }
      waiting.shift();
      first.start();
    }
  }

  return {
    async take(tokens, context) {
      const wait = waitMs(tokens);
      if (wait > 0 && wait >= (context?.remainingMs() ?? Infinity)) {
        onHeld("refused");
        const message = `backend "${backend}" has used up what its server allows a minute; try again later, or raise \`rate\``;
        throw new GatewayError("BACKEND_UNAVAILABLE", message, { details: { retryAfterMs: Math.ceil(wait) } });
      }
      if (wait > 0 || waiting.length > 0) onHeld("waited");
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
            const one: Spent = { at: clock.now(), tokens };
            spent.push(one);
            resolve((actual) => {
              one.tokens = actual;
              advance();
            });
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
      cancelTimer();
      for (const { leave } of left) leave();
    },
  };
}
