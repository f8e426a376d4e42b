import type { Config } from "./config/schema.ts";
import type { ConfigProblem } from "./domain/errors.ts";
import { sharedPaths } from "./transport/http/wire-paths.ts";

/** What keeps listeners from opening, as far as the configuration shows it; commands without listeners do not mind. */
export function servingProblems({ wires, origin }: Config): ConfigProblem[] {
  return sharedPaths(wires).map(({ wire, path, other }) => {
    const cause = `${path} is the path of ${other === undefined ? "a route of the gateway" : `wires.${other}`} as well`;
    return origin.locate({ path: ["wires", wire, "path"], cause, remedy: "give the wire another" });
  });
}
