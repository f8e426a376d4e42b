import { checkListeners } from "./config/check-listeners.ts";
import type { Config } from "./config/schema.ts";
import type { ConfigProblem } from "./domain/errors.ts";
import { sharedPaths } from "./transport/http/wire-paths.ts";

/** What keeps listeners from opening, as far as the configuration shows it; commands without listeners do not mind. */
export function servingProblems({ server, wires, origin }: Config): ConfigProblem[] {
  const paths = sharedPaths(wires).map(({ wire, path, other }) => {
    const cause = `${path} is the path of ${other === undefined ? "a route of the gateway" : `wires.${other}`} as well`;
    return { path: ["wires", wire, "path"], cause, remedy: "give the wire another" };
  });
  return [...checkListeners(server), ...paths].map((finding) => origin.locate(finding));
}
