import type { BatchLimits } from "../domain/backend.ts";
import type { Flight } from "./flight.ts";

/** Calls that share a prefix, read in one row. */
export interface Row {
  readonly flights: readonly Flight[];
  /** Tokens of the row: the prefix once, and what each call has of its own. */
  readonly tokens: number;
}

/** How much more a batch may hold. */
export interface Room {
  readonly tokens: number;
  readonly calls: number;
}

/**
 * Fills a row with calls of one prefix, first come first served; the first is in it however long it is.
 *
 * @param members at least one, all with the same prefix
 * @complexity O(members), pure
 */
export function fillRow(members: readonly Flight[], room: Room): Row {
  const [first, ...others] = members;
  const flights = [first!];
  let { tokens } = first!.prepared!;
  const most = Math.min(room.tokens, first!.prepared!.prefix!.rowTokens);
  for (const flight of others) {
    if (flights.length >= room.calls) break;
    const { tokens: own, prefix } = flight.prepared!;
    if (tokens + own - prefix!.tokens > most) continue;
    flights.push(flight);
    tokens += own - prefix!.tokens;
  }
  return { flights, tokens };
}

/** Groups that are looked at for one batch. */
const LOOKED_AT = 64;

/**
 * Adds rows of other groups to a first one, as far as the batch has room and rows are equally long up to the share of padding.
 *
 * @param groups      waiting calls by prefix, at least one in each, none of them in `first`
 * @param tokenBudget most tokens of the batch, padding included
 * @returns rows, `first` before the others, and what kept more away
 * @complexity O(calls of the groups looked at), pure
 */
export function addRows(
  first: Row,
  groups: Iterable<readonly Flight[]>,
  limits: BatchLimits,
  tokenBudget: number,
): { readonly rows: readonly Row[]; readonly closedBy: "full" | "tokens" | "idle" } {
  const rows = [first];
  let longest = first.tokens;
  let tokens = first.tokens;
  let calls = first.flights.length;
  let looked = 0;
  let closedBy: "tokens" | "idle" = "idle";
  for (const members of groups) {
    if (calls >= limits.maxBatchCalls) return { rows, closedBy: "full" };
    if (looked++ >= LOOKED_AT) break;
    const row = fillRow(members, { tokens: tokenBudget, calls: limits.maxBatchCalls - calls });
    const newLongest = Math.max(longest, row.tokens);
    const cost = newLongest * (rows.length + 1);
    if (cost > tokenBudget) {
      closedBy = "tokens";
      continue;
    }
    if (tokens + row.tokens < cost * (1 - limits.maxPaddingRatio)) continue;
    rows.push(row);
    longest = newLongest;
    tokens += row.tokens;
    calls += row.flights.length;
  }
  return { rows, closedBy };
}
