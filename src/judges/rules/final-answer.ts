/** Where an answer may stand in a text: in an answer tag, in `\boxed{…}`, after a marker such as "Answer:", or the text is the answer. */
export const ANSWER_PLACES = ["tag", "boxed", "marker", "whole"] as const;
export type AnswerPlace = (typeof ANSWER_PLACES)[number];

/** Longest answer; what is longer is an explanation. */
const MAX_ANSWER = 1_000;
/** A heading or emphasis around the word is Markdown's, and none of the answer; one that is alone on its line needs no colon. */
const MARKER =
  /(?:^[ \t]*a[ \t]*:|^[ \t]*(?:#{1,6}[ \t]*|\*\*)(?:final )?answer[ \t*_]*$|^[ \t>#*_]*(?:final )?answer[ \t*_]*:|####|\banswer[ \t]+is:?)[ \t]*([^\r\n]*)/gim;
/** A line may say it more than once. */
const AGAIN = /^.*\banswer[ \t]+is:?[ \t]*(?=[^\s.])/i;
/** What stands below a marker with nothing behind it: a formula that is set off, or a line. */
const BELOW = /^\s*(\$\$[^$]{0,1000}\$\$|\\\[[\s\S]{0,1000}?\\\]|[^\r\n]*)/;

/**
 * The final answer of a text: what stands at the first of `places` that the text has, the last time it stands there. A later place is not
 * looked at even when nothing can be made of the answer, so an answer is never picked from the reasoning.
 *
 * @param places in order of trust
 * @returns trimmed; null when the text has none of the places, or the answer is empty or longer than 1,000 characters
 * @complexity O(length · places), pure
 * @example finalAnswer("2 + 2 is 4.\nA: 4", ["tag", "boxed", "marker"]) // → "4"
 */
export function finalAnswer(text: string, places: readonly AnswerPlace[]): string | null {
  for (const place of places) {
    const found = READERS[place](text);
    if (found === undefined) continue;
    // In a tag or behind a marker the answer may stand in a box.
    const answer = ((places.includes("boxed") ? READERS.boxed(found) : undefined) ?? found).trim();
    return answer.length > 0 && answer.length <= MAX_ANSWER ? answer : null;
  }
  return null;
}

/** Whether the final answer is what stands in a box, and so a formula: `5!` there is a factorial, in a sentence an exclamation. */
export function isBoxed(answer: string, text: string, places: readonly AnswerPlace[]): boolean {
  return places.includes("boxed") && finalAnswer(text, ["boxed"]) === answer;
}

/** More boxes that are joined are no answer that anything equals. */
const MAX_JOINED = 20;
/** What stands between boxes that are one answer. */
const JOINED =
  /^[\s$]*(?:\\[)\]])?[\s$]*(?:[,;]|(?:,|\\quad)?\s*(?:\\text\s?\{\s*(?:and|or)\s*\}|\b(?:and|or)\b)\s*(?:\\quad)?)[\s$]*(?:\\[([])?[\s$]*$/;

/** The content at the last such place, undefined when there is none. */
const READERS: Readonly<Record<AnswerPlace, (text: string) => string | undefined>> = {
  tag: (text) => {
    const close = text.lastIndexOf("</answer>");
    const open = close < 0 ? -1 : text.lastIndexOf("<answer>", close);
    return open < 0 ? undefined : text.slice(open + "<answer>".length, close);
  },
  boxed: (text) => {
    const last = lastBox(text);
    const answers = last === undefined ? [] : [last.content];
    // `\boxed{1}` and `\boxed{2}` with "and" between them are one answer.
    for (let box = last; box !== undefined && answers.length <= MAX_JOINED; ) {
      const before = lastBox(text.slice(0, box.start));
      if (before === undefined || box.start - before.end > 60 || !JOINED.test(text.slice(before.end, box.start))) break;
      answers.unshift(before.content);
      box = before;
    }
    return last === undefined ? undefined : [...new Set(answers)].join(", ");
  },
  marker: (text) => {
    const last = [...text.matchAll(MARKER)].at(-1);
    if (last === undefined) return undefined;
    const behind = withoutEmphasis(withoutRemarks(last[1]!.replace(AGAIN, "").trim()));
    return behind !== "" ? behind : withoutEmphasis(BELOW.exec(text.slice(last.index + last[0].length))![1]!.trim());
  },
  whole: (text) => text,
};

/** Without the sentences behind the one that states a number or a formula, which say nothing of either. */
function withoutRemarks(text: string): string {
  const last = Math.max(...["$", "\\"].map((sign) => text.lastIndexOf(sign)), text.search(/\d\D*$/));
  const end = last < 0 ? -1 : text.slice(last).search(/[.!]\s+[A-Z]/);
  return end < 0 ? text : text.slice(0, last + end);
}

/** A loop takes it off: a pattern would try every run of asterisks anew. */
function withoutEmphasis(text: string): string {
  // The full stop of the sentence may stand behind the emphasis.
  let [start, end] = [0, text.startsWith("**") && text.endsWith("**.") ? text.length - 1 : text.length];
  while (text.startsWith("**", start)) start += 2;
  while (end - 2 >= start && text.endsWith("**", end)) end -= 2;
  return text.slice(start, end);
}

/** The last box, from its command to behind its brace; undefined where there is none, or it does not close. */
function lastBox(text: string): { readonly start: number; readonly end: number; readonly content: string } | undefined {
  const start = text.lastIndexOf("\\boxed{");
  const close = start < 0 ? -1 : closingBrace(text, start + "\\boxed".length);
  return close < 0 ? undefined : { start, end: close + 1, content: text.slice(start + "\\boxed{".length, close) };
}

/** Index of the brace that closes the one at `open`; −1 when there is none. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "{") depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}
