import type { ChatMessage } from "../../domain/backend.ts";
import { type Item, textOf } from "../../domain/item.ts";
import { drawnNames, drawnOrder } from "../generative/drawn.ts";
import { type Principles, principleTexts, statePrinciples } from "../generative/principles.ts";
import { aboutQuoted, type Fence, quoted, quotedPrompt, UNREAD_BEFORE } from "../generative/quoted-text.ts";
import { cyclicOrders } from "../multi-response/order-bias.ts";
import type { ListwiseConfig } from "./params.ts";

export interface ListPromptOptions extends Pick<ListwiseConfig, "lo" | "hi" | "critique" | "samples" | "seed"> {
  readonly principles: Principles;
  readonly fence: Fence;
}

/** Key of the ranking in an answer. */
const RANKING = "best-to-worst";

/** What a question calls the candidates, and in which orders it shows them. */
export interface Marks {
  readonly delimiter: string;
  /** By candidate: drawn for this item, so that no candidate knows its own. */
  readonly names: readonly string[];
  /** Sample → slot → candidate: shifts of one order that is drawn for this item. */
  readonly orders: readonly (readonly number[])[];
}

/** Every text that the judge is shown and did not write. */
export function listedTexts(item: Item, principles: Principles): string[] {
  return [
    ...item.prompt.map(({ content }) => textOf(content)),
    ...principleTexts(principles, item),
    ...item.candidates.map(({ content }) => textOf(content)),
  ];
}

export function marksOf(item: Item, { principles, fence, samples, seed }: ListPromptOptions): Marks {
  const texts = listedTexts(item, principles);
  const count = item.candidates.length;
  const delimiter = fence(texts);
  const drawn = drawnOrder(count, `${seed}/${delimiter}`);
  const shifts = cyclicOrders(count, Math.min(samples, count));
  const orders = Array.from({ length: samples }, (_, sample) => shifts[sample % shifts.length]!.map((place) => drawn[place]!));
  return { delimiter, names: drawnNames(count, delimiter, texts), orders };
}

/**
 * The chat that asks for scores and a ranking of all candidates. Every text of the request stands between lines with a delimiter that no text
 * of the request holds, the principles come before and again after them, and the last words are the judge's own.
 *
 * @param sample which order the candidates are shown in
 * @param again  whether an answer to the same question could not be read
 */
export function listMessages(item: Item, marks: Marks, sample: number, options: ListPromptOptions, again: boolean): ChatMessage[] {
  const { delimiter, names, orders } = marks;
  const principles = statePrinciples(options.principles, item, delimiter);
  const form = formOf(options, names.length);
  const shown = orders[sample]!;
  const system =
    `You judge ${names.length === 1 ? "a response" : `${names.length} responses`} of an AI assistant to one conversation by principles. ` +
    `${aboutQuoted(delimiter)}\n\n${principles.own}\n\n${form}`;
  const ending =
    `${principles.own}\n\nThe responses are called ${shown.map((candidate) => names[candidate]).join(", ")}; their names, their order and ` +
    `their length mean nothing. Judge them by these principles alone. ${form}${again ? `\n${UNREAD_BEFORE}` : ""}`;
  return [
    { role: "system", segments: [{ text: system, origin: "control" }] },
    {
      role: "user",
      segments: [
        ...quotedPrompt(item.prompt, delimiter),
        ...shown.flatMap((candidate) =>
          quoted(`Response ${names[candidate]}:`, textOf(item.candidates[candidate]!.content), "candidate", delimiter),
        ),
        ...principles.quoted,
        { text: ending, origin: "control" },
      ],
    },
  ];
}

/** JSON schema of the answer: the critique first, then a score for each name, then each name once. */
export function listSchema({ lo, hi, critique }: ListPromptOptions, { names, orders }: Marks, sample: number): string {
  const shown = orders[sample]!.map((candidate) => names[candidate]!);
  const score = { type: "integer", minimum: lo, maximum: hi };
  return JSON.stringify({
    type: "object",
    properties: {
      ...(critique && { critique: { type: "string" } }),
      scores: {
        type: "object",
        properties: Object.fromEntries(shown.map((name) => [name, score])),
        required: shown,
        additionalProperties: false,
      },
      [RANKING]: { type: "array", items: { type: "string", enum: shown }, minItems: shown.length, maxItems: shown.length },
    },
    required: [...(critique ? ["critique"] : []), "scores", RANKING],
    additionalProperties: false,
  });
}

function formOf({ lo, hi, critique }: ListPromptOptions, count: number): string {
  const first = critique ? '"critique": "...", ' : "";
  const words = critique ? "first a critique of two to four sentences, then " : "with ";
  return (
    `Answer with one JSON object, ${words}a score for each response, a whole number from ${lo}, the worst, to ${hi}, the best, and the names ` +
    `of ${count === 1 ? "it alone" : `all ${count}`} from best to worst, in accord with the scores: ` +
    `{${first}"scores": {"name": ..., ...}, "${RANKING}": ["name", ...]}.`
  );
}
