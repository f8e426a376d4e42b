import type { ChatMessage } from "../../domain/backend.ts";
import { type Item, textOf } from "../../domain/item.ts";
import { drawnLetters } from "../generative/drawn.ts";
import { type Principles, principleTexts, statePrinciples } from "../generative/principles.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE } from "../generative/quoted-text.ts";

export interface PairPromptOptions {
  readonly principles: Principles;
  readonly critique: boolean;
  readonly fence: Fence;
}

/** One question about two texts, with the marks and names that it is asked under. */
export interface PairQuestion {
  readonly messages: readonly ChatMessage[];
  readonly schema: string;
}

/** Key of the answer that holds the verdict, and its value where neither is better. */
export const PREFERRED = "preferred";
export const TIE = "tie";

/** What two texts are called in both orders: names go with places, so that a liking for one is part of the bias for a place. */
export interface PairMarks {
  readonly delimiter: string;
  /** Of the first and the second response. */
  readonly names: readonly [string, string];
}

/** Every text that the judge is shown and did not write. */
export function shownTexts(item: Item, principles: Principles, first: string, second: string): string[] {
  return [...item.prompt.map(({ content }) => textOf(content)), ...principleTexts(principles, item), first, second];
}

/** The same for both orders of two texts. */
export function marksOf(item: Item, first: string, second: string, { principles, fence }: PairPromptOptions): PairMarks {
  const [one, other] = first < second ? [first, second] : [second, first];
  const delimiter = fence(shownTexts(item, principles, one, other));
  return { delimiter, names: drawnLetters(delimiter) };
}

/**
 * The chat that asks which of two responses is better. Every text of the request stands between lines with a delimiter that no text of the
 * request holds, the principles come before and again after them, and the last words are the judge's own.
 *
 * @param again whether an answer to the same question could not be read
 */
export function pairQuestion(item: Item, first: string, second: string, options: PairPromptOptions, again: boolean): PairQuestion {
  const { delimiter, names } = marksOf(item, first, second, options);
  const principles = statePrinciples(options.principles, item, delimiter);
  const form = formOf(names, options.critique);
  const system =
    `You compare two responses of an AI assistant to one conversation, ${names[0]} and ${names[1]}. ${aboutQuoted(delimiter)}\n\n` +
    `${principles.own}\n\n${form}`;
  const ending =
    `${principles.own}\n\nSay which response is better by these principles alone; their order, their length and their names mean nothing. ` +
    `${form}${again ? `\n${UNREAD_BEFORE}` : ""}`;
  return {
    messages: [
      { role: "system", segments: [{ text: system, origin: "control" }] },
      {
        role: "user",
        segments: [
          ...quotedPrompt(item.prompt, delimiter),
          ...quoted(`Response ${names[0]}:`, first, "candidate", delimiter),
          ...quoted(`Response ${names[1]}:`, second, "candidate", delimiter),
          ...principles.quoted,
          { text: ending, origin: "control" },
        ],
      },
    ],
    schema: answerSchema(names, options.critique),
  };
}

/** JSON schema of the answer: the critique first, so that the verdict is written after it. */
function answerSchema(names: readonly string[], critique: boolean): string {
  const verdict = { type: "string", enum: [...names, TIE] };
  return JSON.stringify({
    type: "object",
    properties: { ...(critique && { critique: { type: "string" } }), [PREFERRED]: verdict },
    required: [...(critique ? ["critique"] : []), PREFERRED],
    additionalProperties: false,
  });
}

function formOf([first, second]: readonly [string, string], critique: boolean): string {
  const verdict = `"${PREFERRED}": "${first}", "${second}" or, when neither is better, "${TIE}"`;
  return critique
    ? `Answer with one JSON object, first a critique of both in two to four sentences, then your verdict: {"critique": "...", ${verdict}}.`
    : `Answer with one JSON object that holds your verdict and nothing else: {${verdict}}.`;
}
