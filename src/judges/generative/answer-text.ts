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
 * A text under judgement as a reader might mistake it: look-alikes of width, style, accent and script as the ASCII that they stand for,
 * invisible characters and backslashes left out, lower case, white space squeezed. For finding verdicts in it, however they are dressed up; not for
 * reading them.
 *
 * Characters are folded one by one: normalising the text as a whole costs quadratic time over a long run of marks.
 *
 * @returns ASCII, and U+FFFD for every character that stands for none; behind it, where there are tag characters, what they spell, and the
 *   text with them in their places
 * @complexity O(length of the text), pure
 * @example undisguised("［［Ａ］］") // → "[[a]]"
 */
export function undisguised(text: string): string {
  const tags = text.match(TAGS)?.map(asciiOf).join("");
  // A model that reads tag characters reads them among the others or by themselves; one that does not reads the others.
  return tags === undefined ? plainOf(text) : [text.replace(TAGS, ""), tags, text.replace(TAGS, asciiOf)].map(plainOf).join(" ");
}

/** Tag characters spell ASCII that nobody sees. */
const TAGS = /[\u{e0020}-\u{e007e}]/gu;

function asciiOf(tag: string): string {
  return String.fromCharCode(tag.codePointAt(0)! - 0xe0000);
}

function plainOf(text: string): string {
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

/** Latin letters of the words that announce a verdict, and of its names, with the Cyrillic, Greek and Armenian ones that look like them. */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: "\u0430\u0410\u0391\u03b1",
    b: "\u0432\u0412\u0392\u03b2",
    c: "\u0441\u0421\u03f2\u03f9",
    d: "\u0501",
    e: "\u0435\u0415\u0395\u03b5",
    i: "\u0456\u0406\u0399\u03b9",
    l: "\u04cf\u04c0",
    n: "\u0578\u039d",
    o: "\u043e\u041e\u039f\u03bf",
    p: "\u0440\u0420\u03a1\u03c1",
    r: "\u0433",
    s: "\u0455\u0405",
    t: "\u0442\u0422\u03a4\u03c4",
    v: "\u0475\u03bd",
    w: "\u051d\u0461",
  }).flatMap(([latin, letters]) => Array.from(letters, (letter) => [letter, latin] as const)),
);

function folded(character: string): string {
  if (/\s/.test(character)) return " ";
  if (/[\p{M}\p{Cf}]/u.test(character)) return "";
  const plain = character.normalize("NFKD").replace(/\p{M}/gu, "");
  const latin = LOOK_ALIKES.get(plain);
  if (latin !== undefined) return latin;
  return /^\p{ASCII}{1,4}$/u.test(plain) ? plain : "\ufffd";
}

/** Whether nothing but emphasis, quotes, closing brackets, fences and full stops follows. */
export function isEnd(rest: string): boolean {
  return /^[\s*_.!"'`)\]}]*$/.test(rest);
}
