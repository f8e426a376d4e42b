import type { Completion } from "../../domain/backend.ts";
import type { Answer } from "../generative/checklist-score.ts";
import { readCriteria } from "../generative/criteria-answer.ts";
import { locateEvidence } from "../generative/evidence.ts";
import { settle } from "../generative/reading.ts";
import type { ChecklistConfig, ChecklistItem } from "./params.ts";
import type { Passage } from "./parts.ts";
import type { ChecklistQuestion } from "./prompt.ts";

/** What is known of one item in one part. */
export interface ItemAnswer {
  /** Null where there is no answer, or none to believe. */
  readonly passed: Answer;
  /** A quotation that was found, a reason, or why there is no answer. */
  readonly text: string;
  /** Where the quotation stands in the candidate, UTF-16 units; absent where it is not the candidate's. */
  readonly start?: number;
  readonly end?: number;
}

/** What an answer says of every item, in order. One that quotes what is not there is unreadable and has its other items all the same. */
export type PartAnswer =
  | { readonly status: "read"; readonly items: readonly ItemAnswer[] }
  | { readonly status: "unreadable"; readonly why: string; readonly items?: readonly ItemAnswer[] };

/** Reads the answer to one question, and looks up what it quotes: an item that passes by a quotation that does not occur is not believed. */
export function readPart(
  completion: Completion,
  { part, asked }: ChecklistQuestion,
  items: readonly ChecklistItem[],
  { tolerate, minEvidence }: Pick<ChecklistConfig, "tolerate" | "minEvidence">,
): PartAnswer {
  const settled = settle(readCriteria(completion, asked), tolerate);
  if (settled.status === "unreadable") return settled;
  const read = settled.value.map((answer, index): ItemAnswer => {
    if (answer === null) return { passed: null, text: "not judged" };
    const { met, words } = answer;
    if (met === 0 || items[index]!.cite === false) return { passed: met === 1, text: words };
    const found = findQuote(words, part.judged, minEvidence);
    return found === undefined ? { passed: null, text: UNCITED } : { passed: true, ...found };
  });
  if (read.some(({ text }) => text === UNCITED)) return { status: "unreadable", why: "it quotes what is not there", items: read };
  return { status: "read", items: read };
}

const UNCITED = "not believed: what it quotes does not occur";

function findQuote(quote: string, passages: readonly Passage[], minEvidence: number): Omit<ItemAnswer, "passed"> | undefined {
  for (const { text, at } of passages) {
    const found = locateEvidence(quote, text, minEvidence);
    if (found === undefined) continue;
    const { start, end } = found;
    return { text: text.slice(start, end), ...(at !== undefined && { start: at + start, end: at + end }) };
  }
  return undefined;
}
