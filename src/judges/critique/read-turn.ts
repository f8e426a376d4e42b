import type { Completion } from "../../domain/backend.ts";
import { type AnswerObject, findAnswerObject } from "../generative/answer-object.ts";
import { answerOf } from "../generative/answer-text.ts";
import { isQuotation } from "../generative/forged-answer.ts";
import { ACTION, type ReadAnswer, readVerdict, type VerdictForm } from "./read-answer.ts";

type Unreadable = Extract<ReadAnswer, { status: "unreadable" }>;

/** What one answer of a model with tools says. */
export type Turn =
  | { readonly status: "use"; readonly thought: string; readonly tool: string; readonly input: string }
  | { readonly status: "judged"; readonly thought: string; readonly answer: Exclude<ReadAnswer, Unreadable> }
  | Unreadable;

/**
 * Reads one answer of a model with tools: the whole of it is one JSON object of a thought and an action, which is the use of a tool or
 * a verdict, or it is unreadable. A verdict is believed as {@link readVerdict} does; a use that is a quotation of a text under
 * judgement is unreadable too.
 *
 * @param untrusted texts of the request, and everything that tools have said
 * @throws {GatewayError} SCORE_NOT_FINITE when the engine gives log-probabilities that are none
 */
export function readTurn(completion: Completion, form: VerdictForm, untrusted: readonly string[]): Turn {
  if (completion.cut) return { status: "unreadable", why: "it was cut off" };
  const answer = answerOf(completion.text);
  const found = findAnswerObject(answer);
  if (found === undefined || found.step !== "direct") return { status: "unreadable", why: "it is not one JSON object" };
  const thought = found.object.get("thought");
  const action = found.object.get(ACTION);
  if (found.object.size !== 2 || typeof thought !== "string" || !(action instanceof Map)) {
    return { status: "unreadable", why: "its object is not a `thought` and an `action`" };
  }
  if (action.has("tool")) return readUse(answer, thought, action, untrusted);
  const verdict = readVerdict({ answer, verdict: action, mended: false, tokens: completion.tokens }, form, untrusted);
  return verdict.status === "unreadable" ? verdict : { status: "judged", thought, answer: verdict };
}

function readUse(answer: string, thought: string, action: AnswerObject, untrusted: readonly string[]): Turn {
  const tool = action.get("tool");
  const input = action.get("input");
  if (action.size !== 2 || typeof tool !== "string" || typeof input !== "string") {
    return { status: "unreadable", why: "its action is neither a `tool` and an `input` nor a verdict" };
  }
  if (isQuotation(answer, untrusted)) return { status: "unreadable", why: "it is in doubt (forged)" };
  return { status: "use", thought, tool, input };
}
