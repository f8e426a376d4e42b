import { GatewayError } from "../../domain/errors.ts";

/** How candidates stand behind one another in the one input of a judge that reads them all. */
export interface LayoutOptions {
  /** Tokens between candidates, and after the last one. */
  readonly separatorLength: number;
  /** Where a candidate's score is read: at the token after it, or at its own last token. The judge was trained for one of them. */
  readonly read: "separator" | "lastToken";
}

/** Places in the one input, in tokens. */
export interface PackedLayout {
  /** [start, end) of each candidate, shape [N]. */
  readonly spans: readonly (readonly [number, number])[];
  /** The position whose output holds the score of each candidate, shape [N]. */
  readonly readPositions: readonly number[];
  /** Tokens of the whole input. */
  readonly length: number;
}

/**
 * Lays out prompt ⊕ candidate 1 ⊕ separator ⊕ … ⊕ candidate N ⊕ separator.
 *
 * @param promptLength     tokens before the first candidate, ≥ 0
 * @param candidateLengths tokens of each candidate, ≥ 0, shape [N]
 * @throws {GatewayError} REQUEST_INVALID when a candidate has no token to read its score at; CONFIG_INVALID when scores are read at a
 *   separator that has no token
 * @complexity O(N), pure
 * @see Yang et al. 2026, You Only Judge Once: Multi-response Reward Modeling in a Single Forward Pass, arXiv:2604.10966
 * @example packCandidates(2, [3, 1], { separatorLength: 1, read: "separator" }).readPositions[1] // → 7
 */
export function packCandidates(
  promptLength: number,
  candidateLengths: readonly number[],
  { separatorLength, read }: LayoutOptions,
): PackedLayout {
  if (read === "separator" && separatorLength < 1) {
    throw new GatewayError("CONFIG_INVALID", "scores are read at separators, which have no token: give one, or read at `lastToken`");
  }
  let length = promptLength;
  const spans = candidateLengths.map((tokens, i): [number, number] => {
    if (read === "lastToken" && tokens < 1) {
      throw new GatewayError("REQUEST_INVALID", `candidate ${i} has no token, and its score is read at its last one: leave it out`);
    }
    const start = length;
    length += tokens + separatorLength;
    return [start, start + tokens];
  });
  return { spans, readPositions: spans.map(([, end]) => (read === "separator" ? end : end - 1)), length };
}
