import { OPEN_INFERENCE_PATHS } from "../open-inference/http.ts";
import { WIRE_KINDS } from "../wires/index.ts";
import type { WireFacts, WireName } from "../wires/wire.ts";
import { openApiDocument } from "./openapi.ts";
import { meets } from "./router.ts";

/** Wires that are enabled, with the path that the configuration gives each; `triton` has its own. */
export type WirePaths = Readonly<Partial<Record<WireName | "chat", { readonly path: string } | undefined>>> & {
  readonly triton?: object | undefined;
};

/** A wire on the path of another route, one of which would never be reached. */
export interface SharedPath {
  /** Key of the wire in the configuration. */
  readonly wire: WireName | "chat";
  readonly path: string;
  /** Key of the wire that has the path already; undefined where it is a route of the gateway itself. */
  readonly other: WireName | "triton" | undefined;
}

const NO_FACTS: WireFacts = { version: "", panel: "", revision: "", maxItems: 0, maxCandidates: 0, maxTokens: 0 };

/**
 * Wires whose path another route has for the same verb, or takes as one of its own addresses, in the order of the table of routes, each
 * once. What the server refuses at its start, found without one.
 */
export function sharedPaths(wires: WirePaths): SharedPath[] {
  const { paths } = openApiDocument("") as { readonly paths: Readonly<Record<string, object>> };
  const taken: Taken[] = Object.entries(paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => ({ verb, path })));
  taken.push({ verb: "get", path: "/openapi.json" });
  if (wires.triton !== undefined) taken.push(...OPEN_INFERENCE_PATHS.map((route) => ({ ...route, wire: "triton" as const })));
  const shared = new Map<WireName | "chat", SharedPath>();
  const look = (wire: WireName | "chat", verb: string, path: string) => {
    const other = taken.find((each) => (each.path === path ? each.verb === verb : meets(each.path, path)));
    if (other !== undefined && !shared.has(wire)) shared.set(wire, { wire, path, other: other.wire });
    return other === undefined;
  };
  for (const kind of WIRE_KINDS) {
    const { wire } = kind;
    const written = wires[wire];
    for (const { verb = "post", path } of written === undefined ? [] : kind.routes(written.path, NO_FACTS)) {
      if (look(wire, verb, path)) taken.push({ verb, path, wire });
    }
  }
  if (wires.chat !== undefined) look("chat", "post", wires.chat.path);
  return [...shared.values()];
}

/** A route of the table; one of the gateway itself has no wire. */
interface Taken {
  readonly verb: string;
  readonly path: string;
  readonly wire?: WireName | "triton";
}
