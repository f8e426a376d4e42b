import type { PackedBatch } from "./executor-protocol.ts";

/** A batch as an encoder reads it: three int64 tensors of shape [rows, length], row by row. */
export interface PaddedBatch {
  readonly rows: number;
  readonly length: number;
  readonly ids: BigInt64Array;
  /** 1 on tokens, 0 on padding. */
  readonly mask: BigInt64Array;
  /** 1 from the candidate's first token to the last token, 0 before it and on padding. */
  readonly segments: BigInt64Array;
}

/**
 * Pads every text of a batch on its right to the longest.
 *
 * @param padId id that fills the rest of a row
 * @complexity O(rows × longest), three allocations
 */
export function pad(batch: PackedBatch, padId: number): PaddedBatch {
  const rows = batch.lengths.length;
  let length = 0;
  for (const own of batch.lengths) length = Math.max(length, own);
  const ids = new BigInt64Array(rows * length);
  const mask = new BigInt64Array(rows * length);
  const segments = new BigInt64Array(rows * length);
  // Small non-negative numbers need the low half of each int64 only, and writing halves makes no BigInt per token.
  const [idHalves, maskHalves, segmentHalves] = [halves(ids), halves(mask), halves(segments)];
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const own = batch.lengths[row]!;
    const candidateStart = batch.candidateStarts[row]!;
    let at = 2 * row * length + LOW_HALF;
    for (let position = 0; position < length; position++, at += 2) {
      if (position >= own) {
        idHalves[at] = padId;
        continue;
      }
      idHalves[at] = batch.ids[from + position]!;
      maskHalves[at] = 1;
      if (position >= candidateStart) segmentHalves[at] = 1;
    }
    from += own;
  }
  return { rows, length, ids, mask, segments };
}

/** Which of the two halves of an int64 holds a small number. */
export const LOW_HALF = new Int32Array(BigInt64Array.of(1n).buffer)[0] === 1 ? 0 : 1;

/** The halves of int64 numbers, two each. */
export function halves(values: BigInt64Array): Int32Array {
  return new Int32Array(values.buffer);
}
