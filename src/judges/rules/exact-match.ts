/** Marks that carry meaning inside an answer: decimal points, per cent, ratios, signs. Everything else of punctuation goes. */
const DROPPED = /(?![.%/+-])[\p{P}\p{S}]/gu;

/**
 * An answer without what writers vary: case, punctuation but `. % / - +`, full stops at the end, spaces. A minus sign is a hyphen.
 *
 * @returns in NFC, lower case, single spaces; empty when nothing is left
 * @complexity O(length), pure
 * @example foldAnswer("  The Answer. ") // → "the answer"
 */
export function foldAnswer(text: string): string {
  const folded = text.toLowerCase().replaceAll("\u2212", "-").replace(DROPPED, "").normalize("NFC").replace(/\s+/g, " ");
  let end = folded.length;
  while (end > 0 && (folded[end - 1] === "." || folded[end - 1] === " ")) end--;
  return folded.slice(0, end).trimStart();
}

/**
 * Whether two answers are the same text once both are folded. `42` and `42.0` are not: {@link numericMatch} takes them as one.
 *
 * @returns 1 or 0
 * @complexity O(length), pure
 * @example exactMatch("Paris!", "paris") // → 1
 */
export function exactMatch(prediction: string, gold: string): 0 | 1 {
  return foldAnswer(prediction) === foldAnswer(gold) ? 1 : 0;
}
