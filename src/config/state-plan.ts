import { resolve } from "node:path";
import { isRouter, type Panel, type Router } from "../domain/panel.ts";
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

/** The states that panels read: a command that scores with some of them needs no store for the others. */
export function statesReadBy(panels: readonly (Panel | Router)[], { states }: Config): Config["states"] {
  const read = new Set(panels.flatMap((panel) => (isRouter(panel) ? [] : panel.states)));
  return Object.fromEntries(Object.entries(states).filter(([name]) => read.has(name)));
}
