/** Emphasis, and LaTeX around a letter: it may stand in `**C**`, `$C$`, `\(C\)` or `\text{C}`. */
const DRESSING =
  /[*_]|\\(?:text|textbf|mathrm|mathbf)(?=\{)|\\\((?=\s{0,2}\(?[a-z]\)?\s{0,2}\\\))|(?<=\\\(\s{0,2}\(?[a-z]\)?\s{0,2})\\\)|\$(?=\s{0,2}\(?[a-z]\)?\s{0,2}\$)/gi;

/** A letter that is set off is no word. */
const SET_OFF = /(?<![\p{L}\p{N})*_$])(\*\*?|__?|\$)\s{0,2}([aiI])\s{0,2}\1(?![\p{L}\p{N}(*_$'’])/gu;
const SENTENCE =
  /(?:\b(?:answer|(?:correct|right|best)\s(?:option|choice))\s{0,8}(?:is(?:\s{0,8}:)?|:)|(?<=^|\n)[ \t#]{0,8}(?:final\s)?answer[ \t]{0,8}\n)\s{0,8}(?:option\s{1,8})?[{(["“`]{0,2}([a-z])[)\]"”`]?(?![\p{L}\p{N}'’])/giu;
/** Letters that are words of English, and what follows one that is a choice all the same. */
const WORD = /^[aiI]$/;
/** At the beginning of a line a capital one may be a word too. */
const LINE_WORD = /^[ai]$/i;
const CHOSEN = /^(?:[.,;:!?\])}"”»]|\s{0,8}(?:$|\n|<\/|[|–—])|\s{1,8}(?:[-(]|(?:because|since|as|and|or|but|which)\b))/;

/** Another letter beside the one that is chosen: who names several has not chosen. */
const ANOTHER =
  /^\s{0,8}(?:[,/&]|(?:,\s{0,8})?(?:and|or)\s)\s{0,8}(?:option\s{1,8})?(?:[([]([A-Za-z])[)\]]|([A-Z])(?![)\]]))(?=\s{0,8}(?:$|[\n.,;!?/&]|(?:and|or)\s))/;

/** In order of trust. Of the first that occurs, the last occurrence counts: earlier ones are thinking aloud. Every repetition is bounded. */
const PATTERNS: readonly RegExp[] = [
  /<answer>\s{0,8}(?:\\boxed)?\{{0,2}(?:option\s{1,8})?\(?([a-z])\)?(?:[.):][^<]{0,1000}|[}$\s]{0,8})<\/answer>/gi,
  /\\boxed\{\s{0,8}\{?\s{0,8}(?:option\s{1,8})?\(?([a-z])\)?(?:[.):][^{}]{0,1000})?\s{0,8}\}/gi,
  SENTENCE,
  /^\s*\{?\(?([a-z])(?:[.):]|[}$\s]*$)/gi,
];

/**
 * The letter that an answer to a multiple-choice question chooses: inside an answer tag, else in `\boxed{}`, else after "answer is",
 * "answer:", "correct option is" or a heading "Final Answer", else at the very beginning; in bold or in LaTeX too. In a sentence a small `a`, and `I`, may be words, so that brackets, emphasis, a
 * mark or the end has to tell that they are none. A sentence that names several letters chooses none.
 *
 * @param options number of options, 2 to 26; a letter beyond them is no choice
 * @returns in upper case; null when there is no choice
 * @complexity O(length), pure
 * @example choiceOf("The answer is (C).", 5) // → "C"
 */
export function choiceOf(text: string, options: number): string | null {
  const plain = text.replace(DRESSING, "");
  for (const pattern of PATTERNS) {
    const matches = pattern === SENTENCE ? choicesInSentences(text, options) : [...plain.matchAll(pattern)];
    const letters = matches.map((match) => match[1]!.toUpperCase());
    const choice = letters.filter((letter) => letter.charCodeAt(0) - 65 < options).at(-1);
    if (choice !== undefined) return choice;
  }
  return null;
}

/** What sentences say, but words of theirs: "the answer is a triangle". */
function choicesInSentences(text: string, options: number): RegExpExecArray[] {
  const plain = text.replace(SET_OFF, "($2)").replace(DRESSING, "");
  return [...plain.matchAll(SENTENCE)].filter((match) => {
    const [matched, letter] = match;
    const end = match.index + matched.length;
    const [, set, bare] = ANOTHER.exec(plain.slice(end, end + 60)) ?? [];
    if (((set ?? bare)?.toUpperCase().charCodeAt(0) ?? Infinity) - 65 < options) return false;
    return (
      !(matched.includes("\n") ? LINE_WORD : WORD).test(letter!) ||
      /option\s{1,8}\W{0,2}\w\W?$|[)\]"”`]$/i.test(matched) ||
      CHOSEN.test(plain.slice(end, end + 20))
    );
  });
}
