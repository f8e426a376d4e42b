import type { Segment } from "../../domain/backend.ts";

/** Text that is tokenised on its own: from one special token of a template to the next. */
export interface Stretch {
  /** As the tokenizer gets it, with a secret in place of each special token. */
  readonly text: string;
  /** Whose text it is, in order, without gaps. */
  readonly parts: readonly Part[];
}

/** The text that one segment gives to a stretch. */
export interface Part {
  /** Index of the segment in its call. */
  readonly segment: number;
  readonly origin: Segment["origin"];
  readonly text: string;
  /** Whether it is one special token and nothing else. */
  readonly isSpecial: boolean;
}

/** A special token as a template writes it, and what stands for it where texts of users stand beside it. */
export interface Special {
  readonly content: string;
  /** Cannot be guessed, so no text of a user holds it. */
  readonly secret: string;
  /** Takes the white space before it, so the text before it must be read with it. */
  readonly takesSpaceBefore: boolean;
}

/**
 * Cuts calls into stretches. A tokenizer reads what stands between two special tokens as one text, so tokens may reach over
 * the seam of a template and a content (a line break and one more become one token) exactly as they did when the model was
 * trained. A special token that a content spells is text: only those of control text become secrets.
 *
 * @returns a function from the segments of a call to its stretches, in order
 */
export function stretcher(specials: readonly Special[]): (segments: readonly Segment[]) => Stretch[] {
  const bySpelling = new Map(specials.map((special) => [special.content, special]));
  const spellings = [...bySpelling.keys()].sort((a, b) => b.length - a.length);
  const pattern = spellings.length === 0 ? undefined : new RegExp(spellings.map(escaped).join("|"), "g");
  const known = new Map<string, readonly Piece[]>();

  const piecesOf = (control: string): readonly Piece[] => {
    let pieces = known.get(control);
    if (pieces === undefined) {
      pieces = cut(control, pattern, bySpelling);
      if (known.size < REMEMBERED) known.set(control, pieces);
    }
    return pieces;
  };

  return (segments) => {
    const stretches: { text: string; parts: Part[] }[] = [];
    let current: { text: string; parts: Part[] } | undefined;
    const add = (part: Part, starts: boolean) => {
      if (current === undefined || starts) {
        current = { text: "", parts: [] };
        stretches.push(current);
      }
      current.text += part.text;
      current.parts.push(part);
    };
    for (const [segment, { origin, text }] of segments.entries()) {
      if (text === "") continue;
      if (origin !== "control") add({ segment, origin, text, isSpecial: false }, false);
      else for (const { text: piece, starts, isSpecial } of piecesOf(text)) add({ segment, origin, text: piece, isSpecial }, starts);
    }
    return stretches;
  };
}

/** Part of a control text that belongs to one stretch; `starts` where a new one begins with it. */
interface Piece {
  readonly text: string;
  readonly starts: boolean;
  readonly isSpecial: boolean;
}

/** Control texts that are remembered: templates have a handful. */
const REMEMBERED = 1024;

function cut(control: string, pattern: RegExp | undefined, specials: ReadonlyMap<string, Special>): readonly Piece[] {
  const secrets = new Set([...specials.values()].map(({ secret }) => secret));
  const pieces: Piece[] = [];
  let open = { text: "", starts: false };
  const close = () => {
    if (open.text !== "") pieces.push({ ...open, isSpecial: secrets.has(open.text) });
  };
  let from = 0;
  for (const match of pattern === undefined ? [] : control.matchAll(pattern)) {
    const special = specials.get(match[0])!;
    open.text += control.slice(from, match.index);
    if (!special.takesSpaceBefore) {
      close();
      open = { text: "", starts: true };
    }
    open.text += special.secret;
    from = match.index + match[0].length;
  }
  open.text += control.slice(from);
  close();
  return pieces;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
