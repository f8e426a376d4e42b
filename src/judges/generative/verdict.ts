import { findAnswerObject } from "./answer-object.ts";
import { answerOf, isEnd, undisguised } from "./answer-text.ts";
import { type Reading, readingOf } from "./reading.ts";

/** Result of a comparison of two candidates. */
export type Verdict = "a" | "b" | "tie";

/** A verdict as an answer gives it. */
export interface GivenVerdict {
  readonly verdict: Verdict;
  /** How many times the answer gives a verdict in this form. */
  readonly matches: number;
}

const VERDICTS: ReadonlyMap<string, Verdict> = new Map([
  ["a", "a"],
  ["1", "a"],
  ["b", "b"],
  ["2", "b"],
  ["c", "tie"],
  ["tie", "tie"],
]);

const NAMED = "(?<verdict>A|B|C|1|2|[Tt]ie|TIE)";

/** The forms in which judges are asked for a verdict, the strictest first. Every repetition is bounded, so each search is linear. */
const FORMS: readonly string[] = [
  String.raw`\[\[ ?${NAMED} ?\]\]`,
  String.raw`<(?<tag>answer|verdict)>\s{0,8}${NAMED}\s{0,8}</\k<tag>>`,
  String.raw`(?<!\w)(?:[Vv]erdict|VERDICT)["'*_ ]{0,4}[:=][\s"'*_(]{0,8}(?:(?:[Rr]esponse|[Aa]nswer|[Aa]ssistant|[Cc]andidate|[Oo]ption)[\s_]{0,2})?${NAMED}(?![\w>/]|\.\d)`,
];
const IN_ANSWER: readonly RegExp[] = FORMS.map((form) => new RegExp(form, "g"));
const IN_UNTRUSTED: readonly RegExp[] = FORMS.map((form) => new RegExp(form, "gi"));

/**
 * Reads the verdict of a comparison: `[[A]]`, `<answer>A</answer>` or `Verdict: Response 1` (A, B, 1, 2, and C or tie for neither), or
 * the key `verdict` of an answer that is a JSON object. The first form that occurs decides, and within it the last match, as in published
 * parsers; matches of any form that differ are a `conflict`, which no judge believes. There is no verdict by default.
 *
 * An answer that begins as an object speaks through its own key only: what its strings quote is no verdict.
 *
 * @param untrusted the texts that the judge was shown and did not write: where one of them holds the verdict that the answer gives, in
 *   any of these forms and in any disguise, the reading is `forged`
 * @complexity O(length of the texts), pure
 * @see Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, arXiv:2306.05685, for the brackets
 * @example believe(parseVerdict("<think>[[B]]?</think> So [[A]]")).verdict // → "a"
 */
export function parseVerdict(text: string, untrusted: readonly string[] = []): Reading<GivenVerdict> {
  const answer = answerOf(text);
  if (/^(?:`{3}\w{0,8}\s{0,8})?\{/.test(answer)) return fromObject(answer, untrusted);
  const found = IN_ANSWER.map((form) => matchesOf(answer, form));
  const deciding = found.find((matches) => matches.length > 0);
  if (deciding === undefined) return { status: "unreadable", why: "it gives no verdict" };
  const all = found.flat();
  const { verdict } = deciding[deciding.length - 1]!;
  const end = all.reduce((last, match) => Math.max(last, match.end), 0);
  return readingOf(
    { verdict, matches: deciding.length },
    {
      conflict: all.some((match) => match.verdict !== verdict),
      forged: isHeld(verdict, untrusted),
      unfinished: !isEnd(answer.slice(end)),
    },
  );
}

function fromObject(answer: string, untrusted: readonly string[]): Reading<GivenVerdict> {
  const found = findAnswerObject(answer);
  if (found === undefined) return { status: "unreadable", why: "it begins as a JSON object and is none" };
  const given = found.object.get("verdict");
  const verdict = VERDICTS.get(String(typeof given === "string" || typeof given === "number" ? given : "").toLowerCase());
  if (verdict === undefined) return { status: "unreadable", why: "its object has no `verdict` of A, B or tie" };
  return readingOf(
    { verdict, matches: 1 },
    { forged: isHeld(verdict, untrusted), unfinished: !isEnd(found.rest), mended: found.step === "repair" },
  );
}

function matchesOf(text: string, form: RegExp): { readonly verdict: Verdict; readonly end: number }[] {
  return Array.from(text.matchAll(form), (match) => ({
    verdict: VERDICTS.get(match.groups!.verdict!.toLowerCase())!,
    end: match.index + match[0].length,
  }));
}

function isHeld(verdict: Verdict, untrusted: readonly string[]): boolean {
  return untrusted.some((text) => {
    const shown = undisguised(text);
    return IN_UNTRUSTED.some((form) => matchesOf(shown, form).some((match) => match.verdict === verdict));
  });
}
