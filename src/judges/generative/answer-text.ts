const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * The answer itself: what follows the judge's reasoning. Reasoning that was never closed was cut off, and there is no answer yet.
 *
 * @complexity O(length of the text), pure
 * @example answerOf("<think>B?</think> A") // → "A"
 */
export function answerOf(text: string): string {
  const close = text.lastIndexOf(CLOSE);
  const answer = (close < 0 ? text : text.slice(close + CLOSE.length)).trim();
  return answer.startsWith(OPEN) ? "" : answer;
}

/**
 * A text under judgement as a reader might mistake it: look-alikes of width, style and accent as the ASCII that they stand for, invisible
 * characters and backslashes left out, lower case, white space squeezed. For finding verdicts in it, however they are dressed up; not for
 * reading them.
 * Letters of other scripts that look Latin are not folded.
 *
 * Characters are folded one by one: normalising the text as a whole costs quadratic time over a long run of marks.
 *
 * @returns ASCII, and U+FFFD for every character that stands for none
 * @complexity O(length of the text), pure
 * @example undisguised("［［Ａ］］") // → "[[a]]"
 */
export function undisguised(text: string): string {
  const known = new Map<string, string>();
  return text
    .replace(/\P{ASCII}/gu, (character) => {
      const plain = known.get(character) ?? folded(character);
      known.set(character, plain);
      return plain;
    })
    .replaceAll("\\", "")
    .toLowerCase()
    .replace(/\s+/g, " ");
}

function folded(character: string): string {
  if (/\s/.test(character)) return " ";
  if (/[\p{M}\p{Cf}]/u.test(character)) return "";
  const plain = character.normalize("NFKD").replace(/\p{M}/gu, "");
  return /^\p{ASCII}{1,4}$/u.test(plain) ? plain : "\ufffd";
}

/** Whether nothing but emphasis, quotes, closing brackets, fences and full stops follows. */
export function isEnd(rest: string): boolean {
  return /^[\s*_.!"'`)\]}]*$/.test(rest);
}
