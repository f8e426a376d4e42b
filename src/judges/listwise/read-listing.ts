import type { Completion } from "../../domain/backend.ts";
import { findAnswerObject } from "../generative/answer-object.ts";
import { answerOf } from "../generative/answer-text.ts";
import { parseListwise } from "../generative/listwise.ts";
import { type Settled, settle } from "../generative/reading.ts";

/** What one answer says of every candidate. */
export interface Listing {
  /** By candidate, in [0, 1]. */
  readonly scores: readonly number[];
  /** By candidate, 1 for the best. */
  readonly ranks: readonly number[];
  /** Under the names that the judge was given: untrusted text. */
  readonly critique: string | undefined;
}

/** How an answer is to be read. */
export interface ListingForm {
  readonly lo: number;
  readonly hi: number;
  readonly critique: boolean;
  /** By candidate. */
  readonly names: readonly string[];
}

/**
 * Reads one answer: the whole of it is one JSON object that scores every candidate once and ranks every candidate once, without
 * contradiction between the two, or it is unreadable. Scores that a text under judgement gives under the same names were forged.
 *
 * @param untrusted texts of the request that the judge was shown
 */
export function readListing(completion: Completion, form: ListingForm, untrusted: readonly string[]): Settled<Listing> {
  if (completion.cut) return { status: "unreadable", why: "it was cut off" };
  const { lo, hi, names } = form;
  const labels = new Map(names.map((name, candidate) => [name, String(candidate)]));
  const settled = settle(parseListwise(completion.text, { labels, lo, hi }, untrusted));
  if (settled.status === "unreadable") return settled;
  const { scores, ranking, step } = settled.value;
  if (step !== "direct") return { status: "unreadable", why: "text stands around its object" };
  if (ranking.length < names.length) return { status: "unreadable", why: "its ranking leaves out candidates" };
  const object = findAnswerObject(answerOf(completion.text))!.object;
  const critique = object.get("critique");
  if (object.size !== (form.critique ? 3 : 2) || (form.critique && typeof critique !== "string")) {
    return { status: "unreadable", why: `its object is not ${form.critique ? "a `critique`, " : ""}\`scores\` and a ranking` };
  }
  return {
    status: "read",
    value: {
      scores: names.map((_, candidate) => scores.get(String(candidate))!),
      ranks: names.map((_, candidate) => ranking.indexOf(String(candidate)) + 1),
      critique: typeof critique === "string" ? critique : undefined,
    },
  };
}
