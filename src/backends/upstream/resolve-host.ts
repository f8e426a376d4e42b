import type { LookupAddress } from "node:dns";
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { KIND_WORDS, kindOf, mayReach, writtenAs } from "./reach.ts";

/** Asks the system for every address of a name. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/** As the system is set up: its hosts file, its search domains, its servers. */
const resolveBySystem: Resolve = (name) => lookup(name, { all: true, order: "verbatim" });

/** A host is no place where a server may be asked. */
export class ForbiddenHost extends Error {
  /** What is wrong, without what to do. */
  readonly problem: string;

  constructor(problem: string) {
    super(`${problem}; ${FORBIDDEN_REMEDY}`);
    this.problem = problem;
  }
}

export const FORBIDDEN_REMEDY = "correct it, or allow its network with `networks`";

export interface HostOptions {
  /** As in the address's URL, without brackets. */
  readonly host: string;
  /** Networks in which its addresses have to lie; undefined for the rules that {@link mayReach} has without. */
  readonly networks?: readonly string[] | undefined;
  readonly resolve?: Resolve | undefined;
  /** Hears of each answer that held an address where no server may be asked. */
  readonly onForbidden?: ((ips: readonly string[]) => void) | undefined;
}

/** Where a server is, found out again for each connection. */
export interface Host {
  /** Whether the host is a name, whose addresses may change. */
  readonly isName: boolean;
  /** Why the last question gave no address, where it only gave those at which no server may be asked. */
  readonly forbidden: ForbiddenHost | undefined;
  /**
   * The addresses at which the server may be asked, at least one. Each answer begins with another of them, so that connections spread over all.
   * A connection is made to one of these and to nothing else: between the check and the connection nobody is asked again.
   *
   * @throws {ForbiddenHost} when there are only others; what the system says when there is none
   */
  addresses(): Promise<readonly LookupAddress[]>;
}

/**
 * A host whose addresses are checked each time that they are needed.
 *
 * @throws {ForbiddenHost} when it is written as an address at which no server may be asked
 */
export function createHost({ host, networks, resolve = resolveBySystem, onForbidden }: HostOptions): Host {
  const written = writtenAs(host);
  if (written === "address" && !mayReach(host, written, networks)) throw forbidden(host, [host]);
  let turn = 0;
  let refusal: ForbiddenHost | undefined;
  let running: Promise<readonly LookupAddress[]> | undefined;

  /** Connections that are opened together share one question. */
  async function permitted(): Promise<readonly LookupAddress[]> {
    const all = await resolve(host).finally(() => (running = undefined));
    const reachable = all.filter(({ address }) => mayReach(address, written, networks));
    if (reachable.length < all.length) {
      const ips = all.filter((one) => !reachable.includes(one)).map(({ address }) => address);
      onForbidden?.(ips);
      if (reachable.length === 0) {
        refusal = forbidden(host, ips);
        throw refusal;
      }
    }
    refusal = undefined;
    return reachable;
  }

  return {
    isName: written !== "address",
    get forbidden() {
      return refusal;
    },
    async addresses() {
      if (written === "address") return [{ address: host, family: isIPv6(host) ? 6 : 4 }];
      running ??= permitted();
      const found = await running;
      if (found.length === 0) throw new Error(`${host} has no address`);
      const first = turn++ % found.length;
      return [...found.slice(first), ...found.slice(0, first)];
    },
  };
}

/** What is wrong with an address of a server, as far as that shows before it is called: a name may stand for anything. */
export function forbiddenAddress(url: string, networks: readonly string[] | undefined): string | undefined {
  try {
    createHost({ host: hostOf(url), networks });
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ForbiddenHost) return thrown.problem;
    throw thrown;
  }
}

/** The host of an address as sockets take it: IPv6 without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, "");
}

function forbidden(host: string, ips: readonly string[]): ForbiddenHost {
  const where = [...new Set(ips.map((ip) => (ip === host ? KIND_WORDS[kindOf(ip)] : `${ip}, ${KIND_WORDS[kindOf(ip)]}`)))].join("; ");
  const is = ips[0] === host ? `is an address ${where}` : `stands for ${where}`;
  return new ForbiddenHost(`${host} ${is}`);
}
