import { resolve } from "node:path";
import type { StoreOptions } from "../state/open.ts";
import type { Config } from "./schema.ts";

/** Where the states of a configuration are kept; a folder of theirs is relative to its file. */
export function stateStoreOf({ state, origin }: Config): StoreOptions {
  const { store, keepVersions, maxRuns } = state;
  return { store: store.type === "embedded" ? { ...store, path: resolve(origin.folder, store.path) } : store, keepVersions, maxRuns };
}
