import type { Encoding } from "tokenizers";
import { GatewayError } from "../../domain/errors.ts";
import type { Stretch } from "./stretches.ts";

/** What a stretch became. */
export interface Tokens {
  /** Undefined for a content that only a special token can write. */
  readonly ids: Int32Array | undefined;
  /** Absent where no token can reach over a seam: behind at most one special token stands one part at most. */
  readonly encoding?: Encoding;
}

const EMPTY = new Int32Array(0);

/**
 * Gives the tokens of a stretch to the segments that their text is of, as further entries of `pieces`. One that reaches over a seam goes
 * with a segment that is scored, or else with what a user wrote, or else with the segment that it starts in.
 *
 * @throws {GatewayError} REQUEST_INVALID for a content that only a special token can write
 */
export function share({ parts }: Stretch, { ids, encoding }: Tokens, pieces: Int32Array[][], scoredFrom = Number.POSITIVE_INFINITY): void {
  if (ids === undefined) {
    throw new GatewayError("REQUEST_INVALID", "a text can only be written with a special token of the judge's vocabulary; reword it");
  }
  if (encoding === undefined) {
    const content = parts.length - 1;
    for (const [index, { segment }] of parts.entries()) pieces[segment]!.push(index < content ? ids.subarray(0, 1) : ids.subarray(content));
    return;
  }
  const lengths = parts.map(({ text, isSpecial }) => (isSpecial ? text.length : codePoints(text)));
  const firstScored = parts.findIndex(({ segment }) => segment >= scoredFrom);
  const before = lengths.slice(0, Math.max(0, firstScored)).reduce((sum, length) => sum + length, 0);
  const mostBefore = firstScored > 0 ? firstTokenAt(encoding, before) : ids.length;
  let from = 0;
  let characters = 0;
  for (const [index, { segment, origin, isSpecial }] of parts.entries()) {
    const next = parts[index + 1];
    characters += lengths[index]!;
    let to = ids.length;
    if (next !== undefined) {
      const yields = origin === "control" && next.origin !== "control";
      to = isSpecial ? from + 1 : Math.max(from, yields ? firstTokenAt(encoding, characters) : firstTokenFrom(encoding, characters));
    }
    if (index < firstScored) to = Math.min(to, mostBefore);
    pieces[segment]!.push(ids.subarray(from, to));
    from = to;
  }
}

/** Index of the first token that starts at or after a character, counted in code points. */
function firstTokenFrom(encoding: Encoding, character: number): number {
  const token = firstTokenAt(encoding, character);
  return encoding.charToToken(character - 1) === token ? token + 1 : token;
}

/** Index of the token that holds a character, or of the first behind it where the tokenizer left the character out. */
function firstTokenAt(encoding: Encoding, character: number): number {
  const token = encoding.charToToken(character);
  if (token !== null) return token;
  const index = encoding.getOffsets().findIndex(([start]) => start! >= character);
  return index < 0 ? encoding.getLength() : index;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The pieces of a segment as one; a single piece is not copied. */
export function joined(pieces: readonly Int32Array[]): Int32Array {
  if (pieces.length < 2) return pieces[0] ?? EMPTY;
  const whole = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
