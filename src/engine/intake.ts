import { GatewayError } from "../domain/errors.ts";
import type { Priority, ScoreRequest } from "../domain/score.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Scorer } from "./score.ts";

/** The door of the engine: lets requests in until it is closed, and knows when the last one has left. */
export interface Intake {
  readonly score: Scorer;
  /** Runs something else behind the same door. @throws {GatewayError} SHUTTING_DOWN once it is closed */
  enter<T>(priority: Priority, run: () => Promise<T>): Promise<T>;
  readonly running: number;
  /** Refuses new requests with SHUTTING_DOWN from now on. */
  close(): void;
  /** Resolves when no request is running. */
  idle(): Promise<void>;
}

/**
 * Candidates from which a request begins in a turn of the event loop of its own: answered from the cache it takes about 10 ms, and several that
 * came together would keep executors, health checks and small requests waiting for all of them.
 */
const LARGE = 64;

/** When a caller who is refused may come again, milliseconds, spread ±20 % so that not all come at once. */
const RETRY_MS = 1_000;

/** @param random uniform in [0, 1) */
export function createIntake(scorer: Scorer, metrics?: Metrics, random: () => number = Math.random): Intake {
  let running = 0;
  let closed = false;
  const waiting: (() => void)[] = [];
  let lastTurn: Promise<void> = Promise.resolve();
  const ownTurn = () => {
    lastTurn = lastTurn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return lastTurn;
  };
  const enter: Intake["enter"] = async (priority, run) => {
    if (closed) {
      metrics?.rejections.inc({ reason: "SHUTTING_DOWN", priority });
      throw new GatewayError("SHUTTING_DOWN", "the gateway is shutting down; send the request to another replica or again", {
        details: { retryAfterMs: Math.round(RETRY_MS * (0.8 + 0.4 * random())) },
      });
    }
    running++;
    try {
      return await run();
    } finally {
      running--;
      if (running === 0) for (const resolve of waiting.splice(0)) resolve();
    }
  };
  return {
    get running() {
      return running;
    },
    enter,
    score: (request, context) =>
      enter(request.options.priority, async () => {
        if (isLarge(request)) await ownTurn();
        return scorer(request, context);
      }),
    close() {
      closed = true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

function isLarge({ items }: ScoreRequest): boolean {
  let candidates = 0;
  for (const item of items) candidates += item.candidates.length;
  return candidates >= LARGE;
}
