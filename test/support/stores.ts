import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedStore } from "../../src/state/embedded-store.ts";
import { openRedisStore } from "../../src/state/redis-store.ts";
import type { Retention, StateStore } from "../../src/state/store.ts";
import { redisMissing, startRedis } from "./redis.ts";

/** A place where versions are kept, which several stores may open at once, as replicas do. */
export interface StorePlace {
  open(retention?: Partial<Retention>): Promise<StateStore>;
  remove(): Promise<void>;
}

/** Every kind of store: its name, why it cannot be tested here, and a fresh place of it. */
export const STORE_KINDS: readonly { readonly name: string; readonly missing: string | undefined; place(): Promise<StorePlace> }[] = [
  { name: "embedded", missing: undefined, place: embeddedPlace },
  { name: "redis", missing: redisMissing, place: redisPlace },
];

const RETENTION: Retention = { keepVersions: 1000, maxRuns: 1000 };

async function embeddedPlace(): Promise<StorePlace> {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-state-"));
  return {
    open: (retention) => openEmbeddedStore(folder, { ...RETENTION, ...retention }),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function redisPlace(): Promise<StorePlace> {
  const redis = await startRedis();
  return {
    open: (retention) =>
      openRedisStore({ url: redis.url, prefix: "test", timeoutMs: 10_000, onError: () => {}, ...RETENTION, ...retention }),
    remove: () => redis.remove(),
  };
}
