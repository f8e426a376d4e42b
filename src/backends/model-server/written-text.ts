import type { Segment } from "../../domain/backend.ts";
import { breakMarks, marksOf } from "../../domain/marks.ts";
import { neutralise } from "../upstream/neutralise.ts";

/** A text as a server gets it, and how many control strings of untrusted text were broken up in it. */
export interface WrittenText {
  readonly text: string;
  readonly broken: number;
}

/**
 * Segments as one text. The server makes tokens of it, so text that came with a request is neutralised first; whatever the judge's
 * template itself writes in the form of a token is broken up in it too.
 */
export function writeText(segments: readonly Segment[]): WrittenText {
  const own = marksOf(segments);
  let broken = 0;
  const parts = segments.map(({ text, origin }) => {
    if (origin === "control") return text;
    const known = neutralise(text);
    const safe = breakMarks(known.text, own);
    broken += known.broken + safe.broken;
    return safe.text;
  });
  return { text: parts.join(""), broken };
}

/** Special tokens that a server's tokenizer writes around each text by itself. */
export interface AddedTokens {
  readonly start: string;
  readonly end: string;
}

/** A text without the special tokens at its ends that the server will add again, so that no text begins with two of them. */
export function withoutAdded(text: string, { start, end }: AddedTokens): string {
  const from = start !== "" && text.startsWith(start) ? start.length : 0;
  const to = end !== "" && text.length - end.length >= from && text.endsWith(end) ? text.length - end.length : text.length;
  return text.slice(from, to);
}
