import type { Overlong, Segment } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { firstForeignPart, type Item, type PartType, textOf } from "../../domain/item.ts";
import type { Ask } from "../../domain/judge.ts";
import { type ChatTemplate, createChatTemplate, type Layout } from "./chat-template.ts";
import { type ContentPlace, trimmed } from "./trim.ts";

/** What judges that read a conversation with one candidate at its end take. */
export const TEXT_ONLY: ReadonlySet<PartType> = new Set<PartType>(["text"]);

/** How a pointwise chat judge asks: one forward call per candidate, over the prompt and that candidate. */
export interface ChatAsks {
  /** Why such a judge does not cover the item, or undefined when it does. */
  notApplicable(item: Item): string | undefined;
  /**
   * One ask per candidate, in order.
   * @throws {GatewayError} REQUEST_INVALID when the template does not take the roles of the prompt
   */
  encode(item: Item): readonly Ask[];
}

/** One per template and policy, so a configuration's worth. */
const known = new Map<string, ChatAsks>();

/**
 * The asks of every judge with this template and this policy for over-long input. Judges that share both get the very same
 * call objects for an item, so that what is worked out for a call (digest, token ids) is worked out once for all of them.
 *
 * @throws {GatewayError} CONFIG_INVALID when the template is not usable
 */
export function chatAsks(template: string, overlong: Overlong): ChatAsks {
  const key = `${overlong}:${template}`;
  let asks = known.get(key);
  if (asks === undefined) {
    asks = createChatAsks(template, overlong);
    known.set(key, asks);
  }
  return asks;
}

function createChatAsks(source: string, overlong: Overlong): ChatAsks {
  const template = createChatTemplate(source);
  // Judges of a panel encode an item one after the other, so the last one is all there is to remember.
  let last: Item | undefined;
  let made: readonly Ask[] = [];
  return {
    notApplicable: (item) => whyNot(item, template),
    encode(item) {
      if (item !== last) {
        made = makeAsks(item, template.layout(item.prompt), overlong);
        last = item;
      }
      return made;
    },
  };
}

function makeAsks(item: Item, layout: Layout, overlong: Overlong): readonly Ask[] {
  const { before, after, place } = aroundCandidate(item, layout);
  return item.candidates.map((candidate, index) => {
    const text = trimmed(textOf(candidate.content), place);
    return { candidates: [index], calls: [{ type: "forward", segments: [...before, { text, origin: "candidate" }, ...after], overlong }] };
  });
}

/**
 * What stands before and after the candidate in the conversation of an item, and what the template takes off the candidate.
 *
 * @throws {GatewayError} REQUEST_INVALID when the template does not take the roles of the prompt
 */
export function aroundCandidate(
  item: Item,
  layout: Layout,
): { readonly before: Segment[]; readonly after: Segment[]; readonly place: ContentPlace } {
  if ("refusal" in layout) throw new GatewayError("REQUEST_INVALID", explain(layout.refusal), { details: { itemId: item.id } });
  const before: Segment[] = [];
  const after: Segment[] = [];
  let side = before;
  let place: ContentPlace = { message: item.prompt.length };
  for (const piece of layout.pieces) {
    if ("control" in piece) side.push({ text: piece.control, origin: "control" });
    else if (piece.message === item.prompt.length) {
      side = after;
      place = piece;
    } else if (piece.message > item.prompt.length) side.push({ text: trimmed(item.reference ?? "", piece), origin: "reference" });
    else side.push({ text: trimmed(textOf(item.prompt[piece.message]!.content), piece), origin: "prompt" });
  }
  return { before, after, place };
}

/** Why a judge that reads text in this template does not cover the item, or undefined when it does. */
export function whyNot(item: Item, template: ChatTemplate): string | undefined {
  const foreign = foreignToText(item);
  if (foreign !== undefined) return foreign;
  const layout = template.layout(item.prompt);
  return "refusal" in layout ? explain(layout.refusal) : undefined;
}

/** Why a judge that reads text does not cover an item with other parts, or undefined when there are none. */
export function foreignToText(item: Item): string | undefined {
  const foreign = isPlain(item) ? undefined : firstForeignPart(item, TEXT_ONLY);
  return foreign === undefined ? undefined : `the judge reads text and the item holds a part of type ${foreign}`;
}

/** Whether every content is a string, which is nearly always so and needs no look at parts. */
function isPlain(item: Item): boolean {
  for (const message of item.prompt) if (typeof message.content !== "string") return false;
  for (const candidate of item.candidates) if (typeof candidate.content !== "string") return false;
  return true;
}

/** @returns what is wrong with a prompt that a template refuses */
export function explain(refusal: string): string {
  return `the judge's chat template does not take the prompt's sequence of roles: ${refusal}; send roles that it takes`;
}
