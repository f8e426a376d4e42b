import type { ChatMessage } from "../../domain/backend.ts";
import { type Item, textOf } from "../../domain/item.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE, untrustedTexts } from "../generative/quoted-text.ts";
import type { CritiqueConfig, CritiqueReading, CritiqueStyle } from "./params.ts";

export interface PromptOptions {
  readonly rubric: string;
  /** What alone to look at under the rubric; absent where it is judged as a whole. */
  readonly aspect?: string | undefined;
  /** What form the answer has, in words. */
  readonly form: string;
  /** What else the judge is told before it judges; empty for nothing. */
  readonly means: string;
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
export function answerSchema(reading: CritiqueReading, style: CritiqueStyle): object {
  const verdict =
    reading.type === "yes" ? { type: "string", enum: ["yes", "no"] } : { type: "integer", minimum: reading.lo, maximum: reading.hi };
  const texts = [...thoughtKeys(style), "critique"];
  const key = verdictKey(reading);
  return {
    type: "object",
    properties: { ...Object.fromEntries(texts.map((text) => [text, { type: "string" }])), [key]: verdict },
    required: [...texts, key],
    additionalProperties: false,
  };
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
  { rubric, aspect, form, means, reference, fence }: PromptOptions,
  again: boolean,
): ChatMessage[] {
  const delimiter = fence(shownTexts(item, candidate, reference));
  const only = onlyAspect(aspect);
  const system = `You judge responses of an AI assistant by a rubric. ${aboutQuoted(delimiter)}\n\nRubric:\n${rubric}\n\n${only}${means}${form}`;
  const ending = endingOf({ rubric, aspect, form }, again);
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

function onlyAspect(aspect: string | undefined): string {
  return aspect === undefined ? "" : `Judge this aspect alone, and nothing else that the rubric says: ${aspect}\n\n`;
}

/** The judge's own last words in a chat: the rubric again, and the form of the answer. */
export function endingOf({ rubric, aspect, form }: Pick<PromptOptions, "rubric" | "aspect" | "form">, again: boolean): string {
  const only = onlyAspect(aspect);
  return `Rubric, again:\n${rubric}\n\n${only}Judge the response by this rubric alone. ${form}${again ? `\n${UNREAD_BEFORE}` : ""}`;
}

/** A verdict in words: what it is made of, the object itself, and what is to be said of it. */
export function verdictForm(reading: CritiqueReading, style: CritiqueStyle): { words: string; object: string; note: string } {
  const [your, verdict, note] =
    reading.type === "yes"
      ? ["your verdict", '"verdict": "yes" or "no"', " The verdict is yes when the response satisfies the rubric."]
      : ["your score", `"score": a whole number from ${reading.lo}, the worst, to ${reading.hi}, the best`, ""];
  if (style.type !== "depth") {
    const words = `first a critique of two to four sentences, then ${your}`;
    return { words, object: `{"critique": "...", ${verdict}}`, note };
  }
  const words =
    "first a draft of the critique, for which you work out yourself what a good response would say; then a " +
    "reflection on what the draft overlooks or takes for granted; then the critique, revised, two to four sentences; " +
    `then ${your}`;
  return { words, object: `{"draft": "...", "reflection": "...", "critique": "...", ${verdict}}`, note };
}

/** The form of an answer that is the verdict and nothing else. */
export function answerForm(reading: CritiqueReading, style: CritiqueStyle): string {
  const { words, object, note } = verdictForm(reading, style);
  return `Answer with one JSON object${style.type === "depth" ? ":" : ","} ${words}: ${object}.${note}`;
}
