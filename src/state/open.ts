import { GatewayError } from "../domain/errors.ts";
import type { StateService } from "../domain/state.ts";
import type { Logger } from "../telemetry/log.ts";
import type { StateMetrics } from "../telemetry/state-metrics.ts";
import type { StateConfig } from "./kinds/index.ts";
import { createStateService, NO_STATES } from "./service.ts";
import type { Retention, StateStore } from "./store.ts";
import { createStoreCalls } from "./store-calls.ts";

/** Where versions are kept. */
export type StorePlan =
  /** In a folder of this machine; an absolute path. */
  | { readonly type: "embedded"; readonly path: string }
  /** In one Redis or Valkey that replicas share. */
  | {
      readonly type: "redis";
      readonly url: string;
      readonly passwordFile?: string | undefined;
      readonly prefix: string;
      readonly timeoutSeconds: number;
    };

/** Where versions are kept, and how many. */
export interface StoreOptions extends Retention {
  readonly store: StorePlan;
}

export interface OpenStatesOptions extends StoreOptions {
  readonly states: Readonly<Record<string, StateConfig>>;
  readonly metrics: StateMetrics;
  readonly log: Logger;
}

/** The states of a gateway and what ends them. */
export interface OpenStates {
  readonly service: StateService;
  /** Refuses further calls, waits for running ones and closes the store. */
  close(): Promise<void>;
}

/**
 * Opens the store and the states over it. Without states no store is opened.
 * @throws {GatewayError} STATE_STORE_UNAVAILABLE when the store cannot be opened
 */
export async function openStates(options: OpenStatesOptions): Promise<OpenStates> {
  const { states, metrics, log } = options;
  if (Object.keys(states).length === 0) return { service: NO_STATES, close: async () => {} };
  const store = createStoreCalls(await openStateStore(options), metrics, log);
  return { service: createStateService({ states, store, metrics, wallClock: Date.now }), close: () => store.close() };
}

/**
 * Opens a store on its own.
 * @throws {GatewayError} STATE_STORE_UNAVAILABLE when it cannot be opened
 */
export async function openStateStore({ store, keepVersions, maxRuns, log }: StoreOptions & { readonly log: Logger }): Promise<StateStore> {
  const retention = { keepVersions, maxRuns };
  try {
    // A store's library is loaded where it is used: both bring code of their own, one of it native.
    if (store.type === "embedded") return await (await import("./embedded-store.ts")).openEmbeddedStore(store.path, retention);
    const { timeoutSeconds, ...place } = store;
    const onError = (error: Error) => log.warn({ cause: error.message }, "the connection to the Redis of server state failed");
    const { openRedisStore } = await import("./redis-store.ts");
    return await openRedisStore({ ...place, timeoutMs: timeoutSeconds * 1000, ...retention, onError });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const place = store.type === "embedded" ? `the folder ${store.path}` : "the Redis of state.store";
    const remedy =
      store.type === "embedded" ? "name a folder on a local disk that the gateway may write" : "check its address, password and network";
    throw new GatewayError("STATE_STORE_UNAVAILABLE", `${place} cannot keep server state: ${why}; ${remedy}`, { cause });
  }
}
