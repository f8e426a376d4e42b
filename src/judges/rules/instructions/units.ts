import { partsBetween } from "../../shared/places.ts";

/** Words that a full stop follows inside a sentence. */
const ABBREVIATIONS = new Set(
  (
    "mr mrs ms messrs dr prof sr jr st rev hon gen col maj capt sgt lt adm sen rep gov vs e.g i.e cf inc ltd co corp bros no vol fig al approx dept " +
    "est min max mg ft jan feb aug sep sept oct nov dec mon tues wed thurs fri u.s u.s.a u.k u.n a.m p.m ph.d m.d b.a m.a d.c l.a n.y"
  ).split(" "),
);

/** Words that begin a sentence where they are capitalised, also behind what could be an abbreviation or a pause. */
const OPENERS = new Set("the this these those there he she it they we i but and so if in when while although however then now".split(" "));

/** What may follow the stop of a sentence. A loop takes them off: a pattern would try every run of them anew. */
const CLOSING_MARKS = "\"'”’)]*_";

/** Runs of letters, digits, marks and underscores. */
export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}\p{M}_]+/gu) ?? [];
}

/** Blocks between empty lines, without empty ones. */
export function paragraphsOf(text: string): string[] {
  return text
    .split("\n\n")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const OF_WORDS = /[\p{L}\p{N}_]/u;

/**
 * Occurrences of a phrase, without regard to case.
 *
 * @param options.whole whether letters, digits or underscores may not stand right before or after it
 * @complexity O(length), pure
 */
export function countOccurrences(text: string, phrase: string, { whole = false } = {}): number {
  const haystack = text.toLowerCase();
  const needle = phrase.toLowerCase();
  const isWord = (character: string | undefined) => character !== undefined && OF_WORDS.test(character);
  const parts = partsBetween(needle, haystack);
  if (!whole) return parts.length - 1;
  let count = 0;
  let at = 0;
  for (const part of parts.slice(0, -1)) {
    at += part.length;
    if (!isWord(haystack[at - 1]) && !isWord(haystack[at + needle.length])) count++;
    at += needle.length;
  }
  return count;
}

/**
 * Sentences of a text: stretches that end in `.`, `!` or `?` before a space or the end, and in their full-width forms anywhere, as near as
 * rules come to the trained splitter that IFEval counts with (Punkt). So an empty line ends none, and the number of a list's item, `1.`, is one
 * of its own; abbreviations, initials and pauses end none, unless a word follows that begins sentences.
 *
 * @complexity O(length), pure
 */
export function countSentences(text: string): number {
  const tokens = text.split(/(?<=[。！？])|\s+/u);
  let count = 0;
  let open = false;
  for (const [i, token] of tokens.entries()) {
    if (wordsOf(token).length > 0) open = true;
    if (!open || !endsSentence(token, tokens[i + 1] ?? "")) continue;
    count++;
    open = false;
  }
  return open ? count + 1 : count;
}

function endsSentence(token: string, next: string): boolean {
  let end = token.length;
  while (end > 0 && CLOSING_MARKS.includes(token[end - 1]!)) end--;
  const bare = token.slice(0, end);
  if (/[!?。！？]$/.test(bare)) return true;
  if (!bare.endsWith(".")) return false;
  const word = bare.slice(0, -1).replace(/^["'“‘([*_]+/, "");
  const [following = ""] = wordsOf(next);
  if (/^\d+$/.test(word)) return !/^\p{Ll}/u.test(following);
  const isHeldBack = word.endsWith(".") || /^[A-Z]$/.test(word) || ABBREVIATIONS.has(word.toLowerCase());
  return !isHeldBack || (/^\p{Lu}/u.test(following) && OPENERS.has(following.toLowerCase()));
}

/** Lines of a Markdown list: `- …` or `* …`, at any depth. */
export function countBullets(text: string): number {
  return text.split("\n").filter((line) => /^\s*(?:-|\*[^*])/.test(line)).length;
}

/** Stretches of a line between single or double asterisks. */
export function countHighlights(text: string): number {
  const filled = (matches: RegExpMatchArray | null) => (matches ?? []).filter((match) => match.replaceAll("*", "").trim() !== "").length;
  return filled(text.match(/\*[^\n*]*\*/g)) + filled(text.match(/\*\*[^\n*]*\*\*/g));
}
