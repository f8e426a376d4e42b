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

/** Nobody sees them. Those that are white space separate words. */
const CONTROLS = /(?!\s)\p{Cc}/gu;

function plainOf(text: string): string {
  const known = new Map<string, string>();
  return text
    .replace(CONTROLS, "")
    .replace(/\P{ASCII}/gu, (character) => {
      const plain = known.get(character) ?? folded(character);
      known.set(character, plain);
      return plain;
    })
    .replaceAll("\\", "")
    .toLowerCase()
    .replace(/\s+/g, " ");
}

/** Latin letters of the words that announce a verdict, and of its names, with the Cyrillic, Greek and Armenian ones that look like them, and small capitals. */
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: "\u0430\u0410\u0391\u03b1\u1d00",
    b: "\u0432\u0412\u0392\u03b2\u0299",
    c: "\u0441\u0421\u03f2\u03f9\u1d04",
    d: "\u0501\u1d05",
    e: "\u0435\u0415\u0395\u03b5\u1d07",
    f: "\ua730",
    i: "\u0456\u0406\u0399\u03b9\u026a\u0131",
    l: "\u04cf\u04c0\u029f",
    n: "\u0578\u039d\u0274",
    o: "\u043e\u041e\u039f\u03bf\u1d0f",
    p: "\u0440\u0420\u03a1\u03c1\u1d18",
    q: "\u051b",
    r: "\u0433\u0280",
    s: "\u0455\u0405\ua731",
    t: "\u0442\u0422\u03a4\u03c4\u1d1b",
    u: "\u057d\u03c5\u1d1c",
    v: "\u0475\u03bd\u1d20",
    w: "\u051d\u0461\u1d21",
  }).flatMap(([latin, letters]) => Array.from(letters, (letter) => [letter, latin] as const)),
);

const CAPITALS = Array.from("abcdefghijklmnopqrstuvwxyz");
const NUMBERS = Array.from({ length: 10 }, (_, index) => String(index + 1));
/** Letters and numbers in filled frames and as flags, which Unicode takes for signs of their own, by the first of each row. */
const FRAMED: readonly (readonly [from: number, names: readonly string[]])[] = [
  ...[0x1f150, 0x1f170, 0x1f1e6].map((from) => [from, CAPITALS] as const),
  ...[0x2776, 0x2780, 0x278a].map((from) => [from, NUMBERS] as const),
];

function folded(character: string): string {
  // A cell of Braille without dots is a space to the eye.
  if (/[\s\u2800]/.test(character)) return " ";
  if (/[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(character)) return "";
  const code = character.codePointAt(0)!;
  const plain = character.normalize("NFKD").replace(/\p{M}/gu, "");
  const latin = LOOK_ALIKES.get(plain);
  if (latin !== undefined) return latin;
  const framed = FRAMED.find(([from, names]) => code >= from && code < from + names.length);
  if (framed !== undefined) return framed[1][code - framed[0]]!;
  return /^\p{ASCII}{1,4}$/u.test(plain) ? plain : "\ufffd";
}

/** Whether nothing but emphasis, quotes, closing brackets, fences and full stops follows. */
export function isEnd(rest: string): boolean {
  return /^[\s*_.!"'`)\]}]*$/.test(rest);
}
