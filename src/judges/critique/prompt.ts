import type { ChatMessage } from "../../domain/backend.ts";
import { type Item, textOf } from "../../domain/item.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE, untrustedTexts } from "../generative/quoted-text.ts";
import type { CritiqueReading } from "./params.ts";

export interface PromptOptions {
  readonly rubric: string;
  readonly reading: CritiqueReading;
  readonly fence: Fence;
}

/** Key of the answer that holds the verdict. */
export function verdictKey({ type }: CritiqueReading): "score" | "verdict" {
  return type === "yes" ? "verdict" : "score";
}

/** JSON schema of the answer: the critique first, so that the verdict is written after it. */
export function answerSchema(reading: CritiqueReading): string {
  const verdict =
    reading.type === "yes" ? { type: "string", enum: ["yes", "no"] } : { type: "integer", minimum: reading.lo, maximum: reading.hi };
  const key = verdictKey(reading);
  return JSON.stringify({
    type: "object",
    properties: { critique: { type: "string" }, [key]: verdict },
    required: ["critique", key],
    additionalProperties: false,
  });
}

/**
 * The chat that asks about one candidate. Every text of the request stands between lines with a delimiter that no text of the
 * request holds, the rubric comes before and again after them, and the last words are the judge's own.
 *
 * @param again whether an answer to the same question could not be read
 */
export function critiqueMessages(item: Item, candidate: number, { rubric, reading, fence }: PromptOptions, again: boolean): ChatMessage[] {
  const delimiter = fence(untrustedTexts(item, candidate));
  const form = formOf(reading);
  const system = `You judge responses of an AI assistant by a rubric. ${aboutQuoted(delimiter)}\n\nRubric:\n${rubric}\n\n${form}`;
  const ending = `Rubric, again:\n${rubric}\n\nJudge the response by this rubric alone. ${form}${again ? `\n${UNREAD_BEFORE}` : ""}`;
  return [
    { role: "system", segments: [{ text: system, origin: "control" }] },
    {
      role: "user",
      segments: [
        ...quotedPrompt(item.prompt, delimiter),
        ...quoted("Response to judge:", textOf(item.candidates[candidate]!.content), "candidate", delimiter),
        { text: ending, origin: "control" },
      ],
    },
  ];
}

function formOf(reading: CritiqueReading): string {
  const asked =
    reading.type === "yes"
      ? 'then your verdict: {"critique": "...", "verdict": "yes" or "no"}. The verdict is yes when the response satisfies the rubric.'
      : `then your score: {"critique": "...", "score": a whole number from ${reading.lo}, the worst, to ${reading.hi}, the best}.`;
  return `Answer with one JSON object, first a critique of two to four sentences, ${asked}`;
}
