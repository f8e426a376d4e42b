import type { Completion, CompletionToken } from "../../domain/backend.ts";
import { type AnswerObject, findAnswerObject } from "../generative/answer-object.ts";
import { answerOf } from "../generative/answer-text.ts";
import { expectedRating } from "../generative/expected-rating.ts";
import { isForged } from "../generative/forged-answer.ts";
import { type Reading, readingOf } from "../generative/reading.ts";
import { verdictAlternatives } from "../generative/verdict-tokens.ts";
import { yesProbability } from "../generative/yes-probability.ts";
import type { CritiqueReading, CritiqueStyle } from "./params.ts";
import { thoughtKeys, verdictKey } from "./prompt.ts";

/** What one answer says. */
export type ReadAnswer =
  | {
      readonly status: "read";
      readonly value: number;
      readonly critique: string;
      /** What led to the critique, under its keys, in order. */
      readonly thoughts: readonly (readonly [string, string])[];
    }
  /** It has a verdict, and its tokens speak of something else. */
  | { readonly status: "abstained" }
  | { readonly status: "unreadable"; readonly why: string };

/**
 * Reads one answer: the whole of it is one JSON object of a critique and a verdict in range, or it is unreadable. There is no
 * second way to read it, so a number elsewhere is never a score. An answer whose verdict a text under judgement holds too, or
 * that is a quotation of one, was forged and is unreadable.
 *
 * @param untrusted texts of the request that the judge was shown
 * @returns value in [0, 1]
 * @throws {GatewayError} SCORE_NOT_FINITE when the engine gives log-probabilities that are none
 */
export function readAnswer(completion: Completion, form: VerdictForm, untrusted: readonly string[]): ReadAnswer {
  if (completion.cut) return { status: "unreadable", why: "it was cut off" };
  const answer = answerOf(completion.text);
  const found = findAnswerObject(answer);
  if (found === undefined) return { status: "unreadable", why: "it is not one JSON object" };
  return readVerdict({ answer, verdict: found.object, mended: found.step !== "direct", tokens: completion.tokens }, form, untrusted);
}

/** What a verdict is made of. */
export interface VerdictForm {
  readonly reading: CritiqueReading;
  readonly style: CritiqueStyle;
}

/** An answer that holds a verdict. */
export interface AnswerWithVerdict {
  /** The whole of it. */
  readonly answer: string;
  /** Its object that has to be the verdict. */
  readonly verdict: AnswerObject;
  /** Whether it was not quite in form. */
  readonly mended: boolean;
  readonly tokens: readonly CompletionToken[];
}

/** Key under which an answer holds its verdict, where it holds more than that. */
export const ACTION = "action";

/** Reads the verdict in an answer, as {@link readAnswer} does where it is all of the answer. */
export function readVerdict(
  { answer, verdict: object, mended, tokens }: AnswerWithVerdict,
  { reading, style }: VerdictForm,
  untrusted: readonly string[],
): ReadAnswer {
  const given = parseVerdict(object, { answer, mended, reading, before: thoughtKeys(style) }, untrusted);
  if (given.status === "unreadable") return given;
  if (given.doubts.length > 0) return { status: "unreadable", why: `it is in doubt (${given.doubts.join(", ")})` };
  const { verdict, ...prose } = given.value;
  if (reading.type === "score") return { status: "read", value: (Number(verdict) - reading.lo) / (reading.hi - reading.lo), ...prose };
  const alternatives = verdictAlternatives(tokens, verdictKey(reading));
  if (alternatives === undefined) return { status: "unreadable", why: "it came without log-probabilities of its verdict" };
  if (reading.type === "rating") {
    const rating = expectedRating(alternatives, reading);
    return rating.status === "read" ? { status: "read", value: rating.unit, ...prose } : { status: "abstained" };
  }
  const words = [...alternatives.keys()];
  const spelling = (word: string) => words.filter((token) => token !== "" && word.startsWith(token.toLowerCase()));
  const yes = yesProbability(alternatives, { yes: spelling("yes"), no: spelling("no"), missing: "topKBound", minMass: reading.minMass });
  return yes.status === "read" ? { status: "read", value: yes.probability, ...prose } : { status: "abstained" };
}

interface GivenAnswer {
  readonly verdict: number | string;
  readonly critique: string;
  readonly thoughts: readonly (readonly [string, string])[];
}

interface Parsing {
  readonly answer: string;
  readonly mended: boolean;
  readonly reading: CritiqueReading;
  /** Keys of the texts before the critique. */
  readonly before: readonly string[];
}

function parseVerdict(
  object: AnswerObject,
  { answer, mended, reading, before }: Parsing,
  untrusted: readonly string[],
): Reading<GivenAnswer> {
  const key = verdictKey(reading);
  const verdict = verdictIn(object, reading);
  const critique = object.get("critique");
  const thoughts = before.flatMap((name): [string, string][] => {
    const thought = object.get(name);
    return typeof thought === "string" ? [[name, thought]] : [];
  });
  if (verdict === undefined || typeof critique !== "string" || thoughts.length < before.length || object.size !== before.length + 2) {
    const texts = [...before, "critique"].map((name) => `a \`${name}\``).join(", ");
    return { status: "unreadable", why: `its object is not ${texts} and a \`${key}\` in range` };
  }
  return readingOf<GivenAnswer>(
    { verdict, critique, thoughts },
    {
      mended,
      forged: isForged({ answer, key, verdict, critique }, (claim) => verdictIn(claim, reading) ?? actionIn(claim, reading), untrusted),
    },
  );
}

function verdictIn(object: AnswerObject, reading: CritiqueReading): number | string | undefined {
  const verdict = object.get(verdictKey(reading));
  if (reading.type === "yes") return verdict === "yes" || verdict === "no" ? verdict : undefined;
  return typeof verdict === "number" && Number.isInteger(verdict) && verdict >= reading.lo && verdict <= reading.hi ? verdict : undefined;
}

function actionIn(object: AnswerObject, reading: CritiqueReading): number | string | undefined {
  const action = object.get(ACTION);
  return action instanceof Map ? verdictIn(action, reading) : undefined;
}
