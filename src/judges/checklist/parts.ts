import { GatewayError } from "../../domain/errors.ts";
import { type Item, type Role, textOf } from "../../domain/item.ts";
import { splitCandidate } from "../process/split-candidate.ts";
import type { ChecklistConfig } from "./params.ts";

/** A text of a conversation: a message of the prompt, the candidate, or a step of it. */
export interface Passage {
  readonly role: Role;
  readonly text: string;
  readonly origin: "prompt" | "candidate";
  /** Where it begins in the candidate, UTF-16 units; present for what is the candidate's. */
  readonly at?: number;
}

/** A turn or a step that is gone through, after all that came before it. */
export interface Part {
  /** `turn 2`, `step 3`, counted from 1. */
  readonly name: string;
  readonly before: readonly Passage[];
  /** At least one; what is quoted must stand in one of them. */
  readonly judged: readonly Passage[];
}

/**
 * The parts of a conversation that a checklist is gone through for, in order. A step is a message of the assistant with the tools' answers
 * to it, or a step of the candidate; a turn reaches from a question to the next. The last part is or holds the candidate's end, and parts
 * before it are the same for every candidate of the item, so that they are asked about once.
 *
 * @throws {GatewayError} ITEM_TOO_LONG when there are more than `maxParts`; REQUEST_INVALID when the candidate's offsets do not fit
 */
export function partsOf(item: Item, candidate: number, { scope, steps: rule, maxParts }: ChecklistConfig): Part[] {
  const passages: Passage[] = item.prompt.map(({ role, content }) => ({ role, text: textOf(content), origin: "prompt" }));
  const answer = item.candidates[candidate]!;
  const text = textOf(answer.content);
  const own = (start: number, end: number): Passage => ({
    role: "assistant",
    text: text.slice(start, end),
    origin: "candidate",
    at: start,
  });
  const isSplit = scope === "step" && (rule !== undefined || (answer.offsets?.stepEnds.length ?? 0) > 0);
  const steps = isSplit ? splitCandidate(answer, { steps: rule ?? { by: "offsets" }, maxSteps: maxParts }).steps : [];
  const spans = steps.length > 0 ? steps : [{ start: 0, end: text.length }];
  const all = [...passages, ...spans.map(({ start, end }) => own(start, end))];
  const bounds = boundsOf(all, scope === "step");
  const parts = bounds.map((start, index) => partOf(all, start, bounds[index + 1], `${scope === "step" ? "step" : "turn"} ${index + 1}`));
  const wanted = scope === "turn" ? parts.slice(-1) : parts;
  if (wanted.length > maxParts) {
    const what = `the conversation has ${wanted.length} ${scope === "step" ? "steps" : "turns"} and the judge goes through ${maxParts}`;
    throw new GatewayError("ITEM_TOO_LONG", `${what}; send fewer`, { details: { itemId: item.id, limit: maxParts } });
  }
  return wanted;
}

/** What the assistant and its tools say from `start` on is judged; what is said between, to them, came before. */
function partOf(all: readonly Passage[], start: number, end: number | undefined, name: string): Part {
  const isJudged = ({ role }: Passage) => role === "assistant" || role === "tool";
  const within = all.slice(start, end);
  const heard = within.slice(0, within.findLastIndex(isJudged) + 1);
  return { name, before: [...all.slice(0, start), ...heard.filter((passage) => !isJudged(passage))], judged: heard.filter(isJudged) };
}

/** Where the parts begin. What comes before the first is no part; questions before any answer belong to one turn. */
function boundsOf(passages: readonly Passage[], bySteps: boolean): number[] {
  if (bySteps) return passages.flatMap(({ role }, index) => (role === "assistant" ? [index] : []));
  const bounds: number[] = [];
  let isAnswered = true;
  for (const [index, { role }] of passages.entries()) {
    if (role === "assistant") isAnswered = true;
    else if (role === "user" && isAnswered) {
      bounds.push(index);
      isAnswered = false;
    }
  }
  return bounds.length === 0 ? [0] : bounds;
}
