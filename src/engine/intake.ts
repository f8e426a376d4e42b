import { GatewayError } from "../domain/errors.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Scorer } from "./score.ts";

/** The door of the engine: lets requests in until it is closed, and knows when the last one has left. */
export interface Intake {
  readonly score: Scorer;
  readonly running: number;
  /** Refuses new requests with SHUTTING_DOWN from now on. */
  close(): void;
  /** Resolves when no request is running. */
  idle(): Promise<void>;
}

export function createIntake(scorer: Scorer, metrics?: Metrics): Intake {
  let running = 0;
  let closed = false;
  const waiting: (() => void)[] = [];
  return {
    get running() {
      return running;
    },
    async score(request, context) {
      if (closed) {
        metrics?.rejections.inc({ reason: "SHUTTING_DOWN", priority: request.options.priority });
        throw new GatewayError("SHUTTING_DOWN", "the gateway is shutting down; send the request to another replica or again", {
          details: { retryAfterMs: 1_000 },
        });
      }
      running++;
      try {
        return await scorer(request, context);
      } finally {
        running--;
        if (running === 0) for (const resolve of waiting.splice(0)) resolve();
      }
    },
    close() {
      closed = true;
    },
    idle: () => (running === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
