import { resolve } from "node:path";
import type { StoreOptions } from "../state/open.ts";
import type { Config } from "./schema.ts";

/** Where the states of a configuration are kept; paths are relative to its file. */
export function stateStoreOf({ state, origin }: Config): StoreOptions {
  const { store, keepVersions, maxRuns } = state;
  const inFolder = (path: string) => resolve(origin.folder, path);
  if (store.type === "embedded") return { store: { ...store, path: inFolder(store.path) }, keepVersions, maxRuns };
  const placed = store.passwordFile === undefined ? store : { ...store, passwordFile: inFolder(store.passwordFile) };
  return { store: placed, keepVersions, maxRuns };
}
