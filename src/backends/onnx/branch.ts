import type { PackedBatch } from "./executor-protocol.ts";
import { halves, LOW_HALF } from "./pack.ts";

/** A batch as a graph reads it that knows branches: int64 tensors of shape [rows, length], row by row, and `texts`, shape [texts, 2]. */
export interface BranchedBatch {
  readonly rows: number;
  readonly length: number;
  readonly ids: BigInt64Array;
  /** 1 on tokens, 0 on padding. */
  readonly mask: BigInt64Array;
  /** Position of each token in its text; 0 on padding. */
  readonly positions: BigInt64Array;
  /** 0 on what the texts of a row share, or on all of a text that has a row for itself; 1, 2, … on what each has of its own. */
  readonly branches: BigInt64Array;
  /** Row and branch of each text. */
  readonly texts: BigInt64Array;
}

/** Where a text stands. */
interface Place {
  readonly row: number;
  readonly branch: number;
  /** Tokens that it shares with its row. */
  readonly shared: number;
}

/**
 * Lays texts into rows, those that join a row behind its texts, and pads every row on its right to the longest.
 *
 * @param padId id that fills the rest of a row
 * @complexity O(rows × longest)
 */
export function branch(batch: PackedBatch, padId: number): BranchedBatch {
  const places = placesOf(batch);
  const filled = new Int32Array((places.at(-1)?.row ?? -1) + 1);
  for (const [text, { row }] of places.entries()) filled[row] = filled[row]! + batch.lengths[text]!;
  const rows = filled.length;
  const length = filled.reduce((longest, own) => Math.max(longest, own), 0);
  const made = { ids: new BigInt64Array(rows * length), mask: new BigInt64Array(rows * length) };
  const more = { positions: new BigInt64Array(rows * length), branches: new BigInt64Array(rows * length) };
  const [ids, mask, positions, branches] = [made.ids, made.mask, more.positions, more.branches].map(halves) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  for (let at = LOW_HALF; at < ids.length; at += 2) ids[at] = padId;
  const next = new Int32Array(rows);
  let from = 0;
  for (const [text, { row, branch, shared }] of places.entries()) {
    const own = batch.lengths[text]!;
    const joins = batch.joins?.[text] ?? 0;
    for (let token = 0; token < own; token++) {
      const at = 2 * (row * length + next[row]! + token) + LOW_HALF;
      const position = joins + token;
      ids[at] = batch.ids[from + token]!;
      mask[at] = 1;
      positions[at] = position;
      branches[at] = position < shared ? 0 : branch;
    }
    next[row] = next[row]! + own;
    from += own;
  }
  const texts = BigInt64Array.from(places.flatMap(({ row, branch }) => [BigInt(row), BigInt(branch)]));
  return { rows, length, ...made, ...more, texts };
}

function placesOf({ lengths, joins }: PackedBatch): Place[] {
  const places: Place[] = [];
  for (let text = 0; text < lengths.length; text++) {
    const before = places.at(-1);
    if (before !== undefined && (joins?.[text] ?? 0) > 0) {
      places.push({ ...before, branch: before.branch + 1 });
      continue;
    }
    // A text with a row for itself is all prefix.
    const shared = joins?.[text + 1] || Number.POSITIVE_INFINITY;
    places.push({ row: (before?.row ?? -1) + 1, branch: shared === Number.POSITIVE_INFINITY ? 0 : 1, shared });
  }
  return places;
}
