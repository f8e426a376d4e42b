import { GatewayError } from "../domain/errors.ts";
import type { Logger } from "../telemetry/log.ts";
import type { StateMetrics, StoreOperation } from "../telemetry/state-metrics.ts";
import type { StateStore } from "./store.ts";

/** A store behind a door: calls are timed, counted and waited for, and its failures have the one shape. */
export interface StoreCalls {
  /** @throws {GatewayError} STATE_STORE_UNAVAILABLE, SHUTTING_DOWN */
  call<T>(operation: StoreOperation, ask: (store: StateStore) => Promise<T>): Promise<T>;
  /** Refuses further calls, waits for running ones and closes the store. */
  close(): Promise<void>;
}

/** Puts a store behind that door. */
export function createStoreCalls(store: StateStore, metrics: StateMetrics, log: Logger): StoreCalls {
  const running = new Set<Promise<unknown>>();
  let closed = false;

  async function timed<T>(operation: StoreOperation, ask: (store: StateStore) => Promise<T>): Promise<T> {
    const end = metrics.storeDuration.startTimer({ operation });
    try {
      return await ask(store);
    } catch (cause) {
      if (cause instanceof GatewayError) throw cause;
      metrics.storeErrors.inc({ operation });
      log.error({ operation, cause: cause instanceof Error ? cause.message : String(cause) }, "the state store failed");
      throw new GatewayError("STATE_STORE_UNAVAILABLE", "the store of server state does not answer; send the same step again", { cause });
    } finally {
      end();
    }
  }

  return {
    async call(operation, ask) {
      if (closed) throw new GatewayError("SHUTTING_DOWN", "the gateway stops; send this to another replica or again");
      const answer = timed(operation, ask);
      running.add(answer);
      try {
        return await answer;
      } finally {
        running.delete(answer);
      }
    },
    async close() {
      closed = true;
      await Promise.allSettled(running);
      await store.close();
    },
  };
}
