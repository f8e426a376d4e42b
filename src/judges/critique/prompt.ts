import type { ChatMessage } from "../../domain/backend.ts";
import { type Item, textOf } from "../../domain/item.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE, untrustedTexts } from "../generative/quoted-text.ts";
import type { CritiqueConfig, CritiqueReading, CritiqueStyle } from "./params.ts";

export interface PromptOptions {
  readonly rubric: string;
  /** What alone to look at under the rubric; absent where it is judged as a whole. */
  readonly aspect?: string | undefined;
  readonly reading: CritiqueReading;
  readonly style: CritiqueStyle;
  readonly reference: CritiqueConfig["reference"];
  readonly fence: Fence;
}

/** Every text that the judge is shown and did not write. */
export function shownTexts(item: Item, candidate: number, reference: CritiqueConfig["reference"]): string[] {
  const texts = untrustedTexts(item, candidate);
  return reference === "show" ? [...texts, item.reference ?? ""] : texts;
}

/** Key of the answer that holds the verdict. */
export function verdictKey({ type }: CritiqueReading): "score" | "verdict" {
  return type === "yes" ? "verdict" : "score";
}

/** Keys of the answer that come before the critique, each a text. */
export function thoughtKeys({ type }: CritiqueStyle): readonly string[] {
  return type === "depth" ? ["draft", "reflection"] : [];
}

/** JSON schema of the answer: the critique, after what led to it, and then the verdict. */
export function answerSchema(reading: CritiqueReading, style: CritiqueStyle): string {
  const verdict =
    reading.type === "yes" ? { type: "string", enum: ["yes", "no"] } : { type: "integer", minimum: reading.lo, maximum: reading.hi };
  const texts = [...thoughtKeys(style), "critique"];
  const key = verdictKey(reading);
  return JSON.stringify({
    type: "object",
    properties: { ...Object.fromEntries(texts.map((text) => [text, { type: "string" }])), [key]: verdict },
    required: [...texts, key],
    additionalProperties: false,
  });
}

/**
 * The chat that asks about one candidate. Every text of the request stands between lines with a delimiter that no text of the
 * request holds, the rubric comes before and again after them, and the last words are the judge's own.
 *
 * @param again whether an answer to the same question could not be read
 */
export function critiqueMessages(
  item: Item,
  candidate: number,
  { rubric, aspect, reading, style, reference, fence }: PromptOptions,
  again: boolean,
): ChatMessage[] {
  const delimiter = fence(shownTexts(item, candidate, reference));
  const form = formOf(reading, style);
  const only = aspect === undefined ? "" : `Judge this aspect alone, and nothing else that the rubric says: ${aspect}\n\n`;
  const system = `You judge responses of an AI assistant by a rubric. ${aboutQuoted(delimiter)}\n\nRubric:\n${rubric}\n\n${only}${form}`;
  const ending = `Rubric, again:\n${rubric}\n\n${only}Judge the response by this rubric alone. ${form}${again ? `\n${UNREAD_BEFORE}` : ""}`;
  return [
    { role: "system", segments: [{ text: system, origin: "control" }] },
    {
      role: "user",
      segments: [
        ...quotedPrompt(item.prompt, delimiter),
        ...(reference === "show" ? quoted("Reference answer:", item.reference ?? "", "reference", delimiter) : []),
        ...quoted("Response to judge:", textOf(item.candidates[candidate]!.content), "candidate", delimiter),
        { text: ending, origin: "control" },
      ],
    },
  ];
}

function formOf(reading: CritiqueReading, style: CritiqueStyle): string {
  const verdict =
    reading.type === "yes"
      ? '"verdict": "yes" or "no"}. The verdict is yes when the response satisfies the rubric.'
      : `"score": a whole number from ${reading.lo}, the worst, to ${reading.hi}, the best}.`;
  const your = reading.type === "yes" ? "your verdict" : "your score";
  if (style.type !== "depth") {
    return `Answer with one JSON object, first a critique of two to four sentences, then ${your}: {"critique": "...", ${verdict}`;
  }
  return (
    "Answer with one JSON object: first a draft of the critique, for which you work out yourself what a good response would say; then a " +
    "reflection on what the draft overlooks or takes for granted; then the critique, revised, two to four sentences; " +
    `then ${your}: {"draft": "...", "reflection": "...", "critique": "...", ${verdict}`
  );
}
