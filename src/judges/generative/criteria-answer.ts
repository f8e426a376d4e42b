import type { Completion } from "../../domain/backend.ts";
import type { Optional } from "../../reward/missing.ts";
import { type AnswerValue, findAnswerObject } from "./answer-object.ts";
import { answerOf, isEnd } from "./answer-text.ts";
import { type Reading, readingOf } from "./reading.ts";

/** A criterion as a judge is asked about it. */
export interface AskedCriterion {
  /** Key of the answer. See {@link labelsOf}. */
  readonly label: string;
  /** Key of the words that come before the verdict. */
  readonly words: string;
  /** Key of the verdict. */
  readonly verdict: string;
  /** The verdict is a whole number from 0 to this; without it, true or false. */
  readonly grades?: number;
}

/** What a judge says of one criterion. */
export interface CriterionAnswer {
  /** In [0, 1]: the grade over the highest, or 0 or 1. */
  readonly met: number;
  /** Untrusted text. */
  readonly words: string;
}

/** Hexadecimal digits of a delimiter that a label ends with. */
const LABEL_DIGITS = 6;

/**
 * Names for criteria that no text under judgement can know: each ends with digits of the delimiter around those very texts. So an answer
 * that a candidate dictates has keys that nobody asked for, and names that came with a request never become keys.
 *
 * @returns one per criterion, in order
 * @complexity O(count), pure
 * @example labelsOf(2, "f00dbabe") // → ["c1_f00dba", "c2_f00dba"]
 */
export function labelsOf(count: number, delimiter: string): string[] {
  return Array.from({ length: count }, (_, index) => `c${index + 1}_${delimiter.slice(0, LABEL_DIGITS)}`);
}

/**
 * JSON schema, as text, of an answer that speaks of each criterion exactly once, in order and first in words. It keeps to what strict
 * servers know: they refuse a bound on the length of a text.
 */
export function criteriaSchema(asked: readonly AskedCriterion[]): string {
  const form = ({ words, verdict, grades }: AskedCriterion) => ({
    type: "object",
    properties: {
      [words]: { type: "string" },
      [verdict]: grades === undefined ? { type: "boolean" } : { type: "integer", minimum: 0, maximum: grades },
    },
    required: [words, verdict],
    additionalProperties: false,
  });
  return JSON.stringify({
    type: "object",
    properties: Object.fromEntries(asked.map((one) => [one.label, form(one)])),
    required: asked.map(({ label }) => label),
    additionalProperties: false,
  });
}

/** The same form in words, for a prompt. */
export function criteriaForm(asked: readonly AskedCriterion[]): string {
  const members = asked.map(({ label, words, verdict, grades }) => {
    const range = grades === undefined ? "true or false" : `a whole number from 0, not at all, to ${grades}, in full`;
    return `"${label}": {"${words}": "...", "${verdict}": ${range}}`;
  });
  return `Answer with one JSON object that has exactly these keys, each once and in this order: {${members.join(", ")}}.`;
}

/**
 * Reads an answer about criteria: one JSON object with one member per criterion. A criterion that is left out, or is spoken of in another
 * form, has no answer, and the reading is `partial`; there is no verdict by default, and none is read from anywhere else.
 *
 * @param asked distinct labels
 * @returns one answer per criterion, in order; null where there is none
 * @complexity O(length of the text), pure
 */
export function readCriteria({ text, cut }: Completion, asked: readonly AskedCriterion[]): Reading<readonly (CriterionAnswer | null)[]> {
  if (cut) return { status: "unreadable", why: "it was cut off" };
  const found = findAnswerObject(answerOf(text));
  if (found === undefined) return { status: "unreadable", why: "it is not one JSON object" };
  const answers = asked.map((one) => answerIn(found.object.get(one.label), one));
  if (answers.every((answer) => answer === null)) return { status: "unreadable", why: "it answers none of the criteria" };
  const labels = new Set(asked.map(({ label }) => label));
  return readingOf<readonly (CriterionAnswer | null)[]>(answers, {
    unfinished: !isEnd(found.rest),
    mended: found.step !== "direct",
    partial: answers.includes(null),
    unknownNames: [...found.object.keys()].some((key) => !labels.has(key)),
  });
}

function answerIn(value: AnswerValue | undefined, asked: AskedCriterion): CriterionAnswer | null {
  if (!(value instanceof Map) || value.size !== 2) return null;
  const words: unknown = value.get(asked.words);
  const met = metBy(value.get(asked.verdict), asked.grades);
  return typeof words === "string" && met !== null ? { met, words } : null;
}

function metBy(verdict: unknown, grades: number | undefined): Optional {
  if (grades === undefined) return typeof verdict === "boolean" ? Number(verdict) : null;
  return typeof verdict === "number" && Number.isInteger(verdict) && verdict >= 0 && verdict <= grades ? verdict / grades : null;
}
