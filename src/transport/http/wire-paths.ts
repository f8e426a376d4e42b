import { WIRE_KINDS } from "../wires/index.ts";
import type { WireFacts, WireName } from "../wires/wire.ts";
import { openApiDocument } from "./openapi.ts";

/** Wires that are enabled, with the path that the configuration gives each. */
export type WirePaths = Readonly<Partial<Record<WireName | "chat", { readonly path: string } | undefined>>>;

/** A wire on the path of another route, one of which would never be reached. */
export interface SharedPath {
  /** Key of the wire in the configuration. */
  readonly wire: WireName | "chat";
  readonly path: string;
  /** Key of the wire that has the path already; undefined where it is a route of the gateway itself. */
  readonly other: WireName | undefined;
}

const NO_FACTS: WireFacts = { version: "", panel: "", revision: "", maxItems: 0, maxCandidates: 0, maxTokens: 0 };

/**
 * Wires whose path another route has for the same verb, in the order of the table of routes, each once.
 * What the server refuses at its start, found without one.
 */
export function sharedPaths(wires: WirePaths): SharedPath[] {
  const { paths } = openApiDocument("") as { readonly paths: Readonly<Record<string, object>> };
  const own = Object.entries(paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`));
  const taken = new Map<string, WireName | undefined>([...own, "get /openapi.json"].map((route) => [route, undefined]));
  const shared = new Map<WireName | "chat", SharedPath>();
  for (const kind of WIRE_KINDS) {
    const { wire } = kind;
    const written = wires[wire];
    for (const { verb = "post", path } of written === undefined ? [] : kind.routes(written.path, NO_FACTS)) {
      const route = `${verb} ${path}`;
      if (!taken.has(route)) taken.set(route, wire);
      else if (!shared.has(wire)) shared.set(wire, { wire, path, other: taken.get(route) });
    }
  }
  const chat = wires.chat && `post ${wires.chat.path}`;
  if (chat !== undefined && taken.has(chat)) shared.set("chat", { wire: "chat", path: wires.chat!.path, other: taken.get(chat) });
  return [...shared.values()];
}
