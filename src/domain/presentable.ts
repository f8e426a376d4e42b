/** UTF-16 units of a model's prose that are kept. */
const PROSE_LENGTH = 8_000;

/**
 * Control characters but line breaks and tabs; characters that turn the direction of what follows, so that a text reads otherwise than it is;
 * separators of lines that JavaScript takes for line breaks; tag characters, which nobody sees.
 */
const UNPRESENTABLE = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/**
 * Words of a model or a service, to be shown: without characters that could do something to whoever shows them, cut to a bounded length.
 *
 * @param length most UTF-16 units
 * @complexity O(length of the text), pure
 */
export function presentable(text: string, length = PROSE_LENGTH): string {
  const shown = text.replace(UNPRESENTABLE, "").slice(0, length).toWellFormed();
  // A piece of a text would keep the whole text in memory, and these are kept for as long as their scores.
  return Buffer.from(shown).toString();
}
