/** Words that a full stop follows inside a sentence. */
const ABBREVIATIONS = new Set(
  "mr mrs ms dr prof sr jr st vs etc e.g i.e inc ltd co no fig al approx dept est min max u.s u.k a.m p.m ph.d".split(" "),
);

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

/**
 * Occurrences of a phrase, without regard to case.
 *
 * @param options.whole whether letters, digits or underscores may not stand right before or after it
 * @complexity O(length), pure
 */
export function countOccurrences(text: string, phrase: string, { whole = false } = {}): number {
  const haystack = text.toLowerCase();
  const needle = phrase.toLowerCase();
  const isWord = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}_]/u.test(character);
  let count = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + needle.length)) {
    if (!whole || !(isWord(haystack[at - 1]) || isWord(haystack[at + needle.length]))) count++;
  }
  return count;
}

/**
 * Sentences of a text: stretches that end in `.`, `!` or `?` (or their full-width forms) before a space, an empty line or the end.
 * Abbreviations, initials and numbers of lists end none.
 *
 * @complexity O(length), pure
 */
export function countSentences(text: string): number {
  let count = 0;
  for (const block of text.split(/\n\s*\n/)) {
    let open = false;
    for (const token of block.split(/(?<=[。！？])|\s+/u)) {
      if (wordsOf(token).length > 0) open = true;
      if (open && endsSentence(token)) {
        count++;
        open = false;
      }
    }
    if (open) count++;
  }
  return count;
}

function endsSentence(token: string): boolean {
  let end = token.length;
  while (end > 0 && CLOSING_MARKS.includes(token[end - 1]!)) end--;
  const bare = token.slice(0, end);
  if (/[!?。！？]$/.test(bare)) return true;
  if (!bare.endsWith(".")) return false;
  const word = bare.slice(0, -1).replace(/^["'“‘([*_]+/, "");
  return !/^(?:[A-Z]|\d+)$/.test(word) && !ABBREVIATIONS.has(word.toLowerCase());
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
