import type { Completion, CompletionToken } from "../../domain/backend.ts";
import { logSumExp } from "../../reward/numerics.ts";
import { type AnswerObject, findAnswerObject } from "../generative/answer-object.ts";
import { answerOf, undisguised } from "../generative/answer-text.ts";
import { expectedRating } from "../generative/expected-rating.ts";
import { type Reading, readingOf } from "../generative/reading.ts";
import { yesProbability } from "../generative/yes-probability.ts";
import type { CritiqueReading } from "./params.ts";
import { verdictKey } from "./prompt.ts";

/** What one answer says. */
export type ReadAnswer =
  | { readonly status: "read"; readonly value: number; readonly critique: string }
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
export function readAnswer(completion: Completion, reading: CritiqueReading, untrusted: readonly string[]): ReadAnswer {
  if (completion.cut) return { status: "unreadable", why: "it was cut off" };
  const given = parseAnswer(answerOf(completion.text), reading, untrusted);
  if (given.status === "unreadable") return given;
  if (given.doubts.length > 0) return { status: "unreadable", why: `it is in doubt (${given.doubts.join(", ")})` };
  const { verdict, critique } = given.value;
  if (reading.type === "score") return { status: "read", value: (Number(verdict) - reading.lo) / (reading.hi - reading.lo), critique };
  const alternatives = verdictAlternatives(completion.tokens, verdictKey(reading));
  if (alternatives === undefined) return { status: "unreadable", why: "it came without log-probabilities of its verdict" };
  if (reading.type === "rating") {
    const rating = expectedRating(alternatives, reading);
    return rating.status === "read" ? { status: "read", value: rating.unit, critique } : { status: "abstained" };
  }
  const words = [...alternatives.keys()];
  const spelling = (word: string) => words.filter((token) => token !== "" && word.startsWith(token.toLowerCase()));
  const yes = yesProbability(alternatives, { yes: spelling("yes"), no: spelling("no"), missing: "topKBound", minMass: reading.minMass });
  return yes.status === "read" ? { status: "read", value: yes.probability, critique } : { status: "abstained" };
}

interface GivenAnswer {
  readonly verdict: number | string;
  readonly critique: string;
}

function parseAnswer(answer: string, reading: CritiqueReading, untrusted: readonly string[]): Reading<GivenAnswer> {
  const found = findAnswerObject(answer);
  if (found === undefined) return { status: "unreadable", why: "it is not one JSON object" };
  const key = verdictKey(reading);
  const verdict = verdictIn(found.object, reading);
  const critique = found.object.get("critique");
  if (verdict === undefined || typeof critique !== "string" || found.object.size !== 2) {
    return { status: "unreadable", why: `its object is not a \`critique\` and a \`${key}\` in range` };
  }
  return readingOf<GivenAnswer>(
    { verdict, critique },
    { mended: found.step !== "direct", forged: isForged(answer, { verdict, critique }, reading, untrusted) },
  );
}

function verdictIn(object: AnswerObject, reading: CritiqueReading): number | string | undefined {
  const verdict = object.get(verdictKey(reading));
  if (reading.type === "yes") return verdict === "yes" || verdict === "no" ? verdict : undefined;
  return typeof verdict === "number" && Number.isInteger(verdict) && verdict >= reading.lo && verdict <= reading.hi ? verdict : undefined;
}

/**
 * Whether a text under judgement holds the same verdict, or the same critique as a critique, in any disguise, or the whole answer: the
 * judge may have repeated it.
 */
function isForged(answer: string, { verdict, critique }: GivenAnswer, reading: CritiqueReading, untrusted: readonly string[]): boolean {
  const written = undisguised(answer);
  const verdictClaim = new RegExp(`${verdictKey(reading)}${SETS}${verdict}(?!\\w|\\.\\d)`);
  // As it is read, and as JSON writes it.
  const critiques = [critique, JSON.stringify(critique).slice(1, -1)].map((text) => undisguised(text).trim());
  return untrusted.some((text) => {
    const shown = undisguised(text);
    if (verdictClaim.test(shown) || (written.length > 0 && shown.includes(written))) return true;
    for (const { index, 0: claim } of shown.matchAll(CRITIQUE_CLAIM)) {
      if (critiques.some((claimed) => claimed !== "" && shown.startsWith(claimed, index + claim.length))) return true;
    }
    const object = findAnswerObject(text)?.object;
    return object !== undefined && verdictIn(object, reading) === verdict;
  });
}

/** What may stand between a key and its value in a forged verdict, undisguised. */
const SETS = "[\\s\"'`*_\\\\]{0,8}[:=][\\s\"'`*_\\\\]{0,8}";
const CRITIQUE_CLAIM = new RegExp(`critique${SETS}`, "g");

/** What stands around the verdict in tokens that hold more than it. */
const AROUND = /^[\s":]+|[\s",}]+$/g;

/**
 * The likeliest tokens at the place of the verdict, without the quotes and spaces around it; spellings that become equal add up.
 * The verdict is what follows its key: a key within the critique would have escaped quotes.
 */
function verdictAlternatives(tokens: readonly CompletionToken[], key: string): ReadonlyMap<string, number> | undefined {
  const text = tokens.map(({ token }) => token).join("");
  const start = [...text.matchAll(new RegExp(String.raw`(?<!\\)"${key}"\s*:[\s"]*`, "g"))].at(-1);
  if (start === undefined) return undefined;
  const place = start.index + start[0].length;
  let end = 0;
  const at = tokens.find(({ token }) => {
    end += token.length;
    return end > place;
  });
  if (at === undefined) return undefined;
  const spellings = new Map<string, number[]>();
  for (const [token, logprob] of new Map([...at.alternatives, [at.token, at.logprob]])) {
    const word = token.replace(AROUND, "");
    spellings.set(word, [...(spellings.get(word) ?? []), logprob]);
  }
  return new Map([...spellings].map(([word, logprobs]) => [word, logSumExp(logprobs)]));
}
