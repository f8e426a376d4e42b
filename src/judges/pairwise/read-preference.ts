import type { Completion } from "../../domain/backend.ts";
import { logSumExp } from "../../reward/numerics.ts";
import { type AnswerObject, findAnswerObject } from "../generative/answer-object.ts";
import { answerOf } from "../generative/answer-text.ts";
import { isForged } from "../generative/forged-answer.ts";
import { verdictAlternatives } from "../generative/verdict-tokens.ts";
import type { PairwiseConfig } from "./params.ts";
import { PREFERRED, TIE } from "./prompt.ts";
import type { Answer } from "./tally.ts";

/** How an answer is to be read. */
export interface PreferenceForm {
  readonly reading: PairwiseConfig["reading"];
  readonly critique: boolean;
  /** Of the first and the second response. */
  readonly names: readonly [string, string];
}

/**
 * Reads one answer: the whole of it is one JSON object with a name or a tie, or it is unreadable; there is no verdict by default. An answer
 * that a text under judgement holds too was forged and is unreadable.
 *
 * @param untrusted texts of the request that the judge was shown
 * @throws {GatewayError} SCORE_NOT_FINITE when the engine gives log-probabilities that are none
 */
export function readPreference(completion: Completion, form: PreferenceForm, untrusted: readonly string[]): Answer {
  const { reading, names } = form;
  if (completion.cut) return { status: "unreadable", why: "it was cut off" };
  const answer = answerOf(completion.text);
  const found = findAnswerObject(answer);
  if (found === undefined) return { status: "unreadable", why: "it is not one JSON object" };
  const verdict = verdictIn(found.object, names);
  const critique = found.object.get("critique");
  const expected = form.critique ? 2 : 1;
  if (verdict === undefined || (form.critique && typeof critique !== "string") || found.object.size !== expected) {
    return { status: "unreadable", why: `its object is not ${form.critique ? "a `critique` and " : ""}a \`${PREFERRED}\` of the names` };
  }
  const written = typeof critique === "string" ? critique : undefined;
  if (found.step !== "direct") return { status: "unreadable", why: "it had to be mended or text stands around its object" };
  if (isForged({ answer, key: PREFERRED, verdict, critique: written }, (object) => verdictIn(object, names), untrusted)) {
    return { status: "unreadable", why: "a text under judgement holds the same verdict" };
  }
  const first = reading.type === "verdict" ? shareOf(verdict, names) : probabilityOf(completion, names, reading.minMass);
  if (first === undefined) return { status: "unreadable", why: "it came without log-probabilities of its verdict" };
  if (first === null) return { status: "abstained" };
  return { status: "read", first, ...(written !== undefined && { critique: { text: written, names } }) };
}

function verdictIn(object: AnswerObject, names: readonly string[]): string | undefined {
  const verdict = object.get(PREFERRED);
  return typeof verdict === "string" && (names.includes(verdict) || verdict === TIE) ? verdict : undefined;
}

function shareOf(verdict: string, [first]: readonly [string, string]): number {
  return verdict === TIE ? 0.5 : verdict === first ? 1 : 0;
}

/** P(first) + ½ P(tie), renormalised; null when together they are less likely than `minMass`, undefined without probabilities. */
function probabilityOf({ tokens }: Completion, names: readonly [string, string], minMass: number): number | null | undefined {
  const alternatives = verdictAlternatives(tokens, PREFERRED);
  if (alternatives === undefined) return undefined;
  const massOf = (name: string) =>
    Math.exp(logSumExp([...alternatives].flatMap(([token, logprob]) => (token !== "" && name.startsWith(token) ? [logprob] : []))));
  const [first, second, tie] = [massOf(names[0]), massOf(names[1]), massOf(TIE)];
  const mass = first + second + tie;
  return mass < minMass || mass === 0 ? null : (first + tie / 2) / mass;
}
