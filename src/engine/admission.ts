import { GatewayError } from "../domain/errors.ts";
import type { Priority } from "../domain/score.ts";

/** Bounds of what may wait for one backend. A request that would pass one is refused whole, at once. */
export interface QueueLimits {
  readonly maxCalls: number;
  /** UTF-16 units of text. */
  readonly maxTextSize: number;
  readonly maxTokens: number;
}

/** What waits for a backend now. */
export interface QueueState {
  readonly calls: number;
  /** UTF-16 units. */
  readonly textSize: number;
  /** Counted where the tokenizer has been, estimated elsewhere. */
  readonly tokens: number;
  /** Estimated time to work it off, milliseconds; 0 while the backend's speed is unknown. */
  readonly backlogMs: number;
}

/** What a request adds, and how long its caller would wait, milliseconds. */
export interface Demand {
  readonly priority: Priority;
  readonly calls: number;
  readonly textSize: number;
  readonly remainingMs: number;
}

/** How much of each bound may be full with a request of this priority, unless nothing waits: the rest is for what is more urgent. */
const SHARE: Readonly<Record<Priority, number>> = { critical: 1, standard: 1, sheddable: 0.75 };

/** Characters of text that are taken for one token before the tokenizer has counted. */
export const CHARACTERS_PER_TOKEN = 4;

/**
 * Why a queue cannot take what a request brings, or undefined when it can. Pure but for `random`.
 *
 * @param backend name for the message
 * @param random  uniform in [0, 1): spreads the retry hints ±20 %, so that refused callers do not come back together
 * @returns TOO_LARGE when the request would never fit, QUEUE_FULL when it does not fit now, DEADLINE_EXCEEDED when what waits
 *   already takes longer than the caller does
 */
export function refusalOf(
  backend: string,
  { limits, state, demand }: { limits: QueueLimits; state: QueueState; demand: Demand },
  random: () => number,
): GatewayError | undefined {
  const retryAfterMs = (ms: number) => Math.round(ms * (0.8 + 0.4 * random()));
  if (demand.calls > limits.maxCalls || demand.textSize > limits.maxTextSize) {
    const limit = demand.calls > limits.maxCalls ? limits.maxCalls : limits.maxTextSize;
    return new GatewayError("TOO_LARGE", `the request alone needs more room than the queue of backend "${backend}" has; split it`, {
      details: { limit },
    });
  }
  const full = fullIn(limits, state, demand);
  if (full !== undefined) {
    return new GatewayError("QUEUE_FULL", `the queue of backend "${backend}" has no room for more ${full}; try again later`, {
      details: { retryAfterMs: retryAfterMs(Math.max(100, state.backlogMs / 2)) },
    });
  }
  if (state.backlogMs > demand.remainingMs) {
    const behind = Math.round(state.backlogMs);
    return new GatewayError("DEADLINE_EXCEEDED", `backend "${backend}" is ${behind} ms behind, longer than the deadline allows`, {
      details: { retryAfterMs: retryAfterMs(state.backlogMs) },
    });
  }
  return undefined;
}

/** The bound that the demand would pass. A request may pass the bound of tokens, which are estimates yet, when nothing waits. */
function fullIn(limits: QueueLimits, state: QueueState, demand: Demand): string | undefined {
  const share = state.calls > 0 ? SHARE[demand.priority] : 1;
  if (state.calls + demand.calls > limits.maxCalls * share) return "calls";
  if (state.textSize + demand.textSize > limits.maxTextSize * share) return "text";
  const tokens = state.tokens + demand.textSize / CHARACTERS_PER_TOKEN;
  return state.calls > 0 && tokens > limits.maxTokens * share ? "tokens" : undefined;
}
