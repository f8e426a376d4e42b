/** In order of trust. Of the first that occurs, the last occurrence counts: earlier ones are thinking aloud. */
const PATTERNS: readonly RegExp[] = [
  /<answer>\s*\(?([a-z])\)?[.):]?\s*<\/answer>/gi,
  /\banswer\s*(?:is|:)\s*(?:option\s+)?\(?([a-z])\)?(?![\p{L}\p{N}'’])/giu,
  /^\s*\(?([a-z])(?:[.):]|\s*$)/gi,
];

/**
 * The letter that an answer to a multiple-choice question chooses: inside an answer tag, else after "answer is" or "answer:", else at the
 * very beginning.
 *
 * @param options number of options, 2 to 26; a letter beyond them is no choice
 * @returns in upper case; null when there is no choice
 * @complexity O(length), pure
 * @example choiceOf("The answer is (C).", 5) // → "C"
 */
export function choiceOf(text: string, options: number): string | null {
  for (const pattern of PATTERNS) {
    const letters = [...text.matchAll(pattern)].map((match) => match[1]!.toUpperCase());
    const choice = letters.filter((letter) => letter.charCodeAt(0) - 65 < options).at(-1);
    if (choice !== undefined) return choice;
  }
  return null;
}
