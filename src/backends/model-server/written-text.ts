import type { Segment } from "../../domain/backend.ts";
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
  const own = [...new Set(segments.filter(({ origin }) => origin === "control").flatMap(({ text }) => text.match(TOKENS) ?? []))];
  let broken = 0;
  const parts = segments.map(({ text, origin }) => {
    if (origin === "control") return text;
    const known = neutralise(text);
    broken += known.broken;
    return own.reduce((safe, token) => {
      const pieces = safe.split(token);
      broken += pieces.length - 1;
      return pieces.join(`${token[0]} ${token.slice(1)}`);
    }, known.text);
  });
  return { text: parts.join(""), broken };
}

/** What may be a control token in a template: `<extra_0>`, `<|im_end|>`, `[SEP]`. */
const TOKENS = /<[^<>\s]{1,64}>|\[[A-Z_]{2,32}\]/g;

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
