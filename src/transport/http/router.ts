import { type MatchFunction, match, type Token, TokenData } from "path-to-regexp";
import { GatewayError } from "../../domain/errors.ts";
import type { Request, Route } from "./route.ts";

/** A path of the table that an address fits. */
export interface Found {
  readonly path: string;
  /** The routes of that path, one a verb, in the order of the table. */
  readonly routes: readonly Route[];
  readonly params: Request["params"];
}

/**
 * Finds the path of a request's address, to the letter: case and a slash at the end count. Most addresses are those of paths without names,
 * which are looked up.
 *
 * @returns from the target of a request, as HTTP has it, to what it fits; the finder throws REQUEST_INVALID where a part that a name stands
 *   for cannot be decoded
 * @throws {GatewayError} CONFIG_INVALID where the path of a wire is an address of another route, one of which would never be reached
 */
export function createRouter(table: readonly Route[]): (target: string) => Found | undefined {
  const paths = byPath(table);
  const plain = new Map<string, Found>();
  const named: ((path: string) => Found | undefined)[] = [];
  for (const [path, routes] of paths) {
    if (!path.includes("{")) plain.set(path, { path, routes, params: {} });
    else named.push(finderOf(path, routes));
  }
  return (target) => {
    const path = pathOf(target);
    const found = plain.get(path);
    if (found !== undefined) return found;
    for (const find of named) {
      const fitting = find(path);
      if (fitting !== undefined) return fitting;
    }
    return undefined;
  };
}

function finderOf(path: string, routes: readonly Route[]): (path: string) => Found | undefined {
  const read = readerOf(path);
  return (address) => {
    const reading = read(address);
    return reading === false ? undefined : { path, routes, params: reading.params };
  };
}

/** From an address to what it has in the places of a path's names; false where it does not fit the path. */
function readerOf(path: string): MatchFunction<Record<string, string>> {
  const tokens = path
    .split(/\{(\w+)\}/)
    .map((part, n): Token => (n % 2 === 0 ? { type: "text", value: part } : { type: "param", name: part }));
  return match(new TokenData(tokens), { sensitive: true, trailing: false, decode: decoded });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new GatewayError("REQUEST_INVALID", "the address of the request is malformed", { cause });
  }
}

/** The path of a target, which a proxy may have written out with the host in front of it. */
function pathOf(target: string): string {
  const path = target.startsWith("/") || !URL.canParse(target) ? target : new URL(target).pathname;
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** Routes by path, both in the order of the table. */
function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const sharing = paths.get(route.path);
    const met = sharing === undefined && [...paths.keys()].find((path) => meets(path, route.path));
    const other = met ? paths.get(met)![0] : sharing?.find(({ verb }) => verb === route.verb);
    if (other) {
      throw new GatewayError(
        "CONFIG_INVALID",
        `${route.path} is the path of ${other.method} and of ${route.method}; give the wire another`,
      );
    }
    if (sharing) sharing.push(route);
    else paths.set(route.path, [route]);
  }
  return paths;
}

/**
 * Whether an address of one path is one of another as well, which the first in the table takes, for every verb: `/v1/runs/{run}` takes
 * `/v1/runs/alarm`. What a path holds behind a parameter tells it apart from others that begin alike: `/v1/states/{name}:step`.
 */
export function meets(earlier: string, later: string): boolean {
  const anyOf = later.replaceAll(/\{\w+\}/g, "any");
  return readerOf(earlier)(anyOf) !== false || (!earlier.includes("{") && readerOf(later)(earlier) !== false);
}
