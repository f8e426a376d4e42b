import { GatewayError } from "../../domain/errors.ts";
import { type Message, type Role, textOf } from "../../domain/item.ts";
import { BoundedTemplate } from "./bounded-template.ts";
import { type ContentPlace, type Trim, trimmed } from "./trim.ts";

/** One stretch of a rendered conversation: the template's own text, or the place of a message's content. */
export type Piece = { readonly control: string } | ContentPlace;

/** What a template makes of a sequence of roles: its pieces in order, or why it does not take that sequence. */
export type Layout = { readonly pieces: readonly Piece[] } | { readonly refusal: string };

export interface ChatTemplate {
  /**
   * The layout of `prompt` followed by the assistant's messages to be judged, whose indices are `prompt.length` and so on; the reference has
   * the index behind the last of them. Messages of the prompt of which nothing is left may have no place in it.
   */
  layout(prompt: readonly Message[]): Layout;
}

/** What a template shows besides the messages of a prompt. */
export interface Shown {
  /** Messages of the assistant at the end: one, the candidate, or two for a model that compares two. Default 1. */
  readonly judged?: 1 | 2;
  /**
   * Whether it shows the item's reference, as `reference`, once. It may then show messages of the prompt several times, as it does who lays
   * two whole conversations side by side. Default no.
   */
  readonly reference?: boolean;
}

/** Templates of model hubs have some twenty thousand characters at most. */
const LONGEST_TEMPLATE = 65_536;
/** Sequences of roles that are remembered; a trainer sends a handful. */
const REMEMBERED = 1024;
/** Longer conversations are laid out each time, so that what is remembered stays small. */
const REMEMBERED_MESSAGES = 256;
/** What chat templates of model hubs expect from their tokenizer. A judge's template writes these tokens out instead. */
const TOKENIZER_VARIABLES = ["bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token"];

/**
 * Compiles a Jinja chat template over `messages`. Contents never enter the template engine: each is rendered as a random
 * 128-bit marker and the rendering is cut at the markers, so no content can close a quote, forge a turn or read a
 * variable, and a layout depends on the roles, and on which messages are blank, alone, which makes it worth remembering. Where a template
 * trims contents, which markers with white space around them show, the layout says so.
 *
 * @throws {GatewayError} CONFIG_INVALID when the template does not parse, is too long or does too much, depends on the date or on variables
 *   of a tokenizer, or loses, repeats or changes the content of a message
 */
export function createChatTemplate(source: string, { judged = 1, reference = false }: Shown = {}): ChatTemplate {
  if (source.length > LONGEST_TEMPLATE) throw invalid(`it is longer than ${LONGEST_TEMPLATE} characters`);
  // Jinja reads every line end of a template as a line feed.
  const lines = source.replace(/\r\n?/g, "\n");
  const template = { whole: compile(lines), withoutLineStrips: compile(lines.replace(LINE_STRIP, "")), judged, reference };
  const layouts = new Map<string, Layout>();
  const answers = Array.from({ length: judged }, (): Role => "assistant");
  for (const roles of PROBES) {
    const layout = layOut(template, [...roles, ...answers]);
    if ("refusal" in layout) throw invalid(layout.refusal);
  }
  const remembered = (key: string, prompt: readonly Message[], make: () => Layout) => {
    const known = layouts.get(key);
    if (known !== undefined) return known;
    const layout = make();
    if (prompt.length > REMEMBERED_MESSAGES) return layout;
    if (layouts.size >= REMEMBERED) layouts.delete(layouts.keys().next().value!);
    layouts.set(key, layout);
    return layout;
  };
  return {
    layout(prompt) {
      let key = "";
      for (const message of prompt) key += message.role[0];
      const roles = () => [...prompt.map((message) => message.role), ...answers];
      const usual = remembered(key, prompt, () => layOut(template, roles()));
      const blank = blankContents(prompt, usual);
      if (blank.size === 0) return usual;
      for (const [message, content] of blank) key += `,${message}${content}`;
      return remembered(key, prompt, () => {
        const layout = layOut(template, roles(), blank);
        return JSON.stringify(layout) === JSON.stringify(without(usual, blank)) ? usual : layout;
      });
    },
  };
}

/** Contents of a prompt of which nothing is left at their places, by message, as a template sees them: empty, or white space that it takes off. */
function blankContents(prompt: readonly Message[], layout: Layout): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  if ("refusal" in layout) return found;
  const kept = new Set<number>();
  for (const piece of layout.pieces) {
    if ("control" in piece || piece.message >= prompt.length || kept.has(piece.message)) continue;
    const text = textOf(prompt[piece.message]!.content);
    if (trimmed(text, piece) === "") found.set(piece.message, text === "" ? "" : PAD);
    else kept.add(piece.message);
  }
  for (const message of kept) found.delete(message);
  return found;
}

/** A layout less the places of some messages, as if their contents were read as nothing and no more came of it. */
function without(layout: Layout, messages: ReadonlyMap<number, string>): Layout {
  if ("refusal" in layout) return layout;
  const pieces: Piece[] = [];
  for (const piece of layout.pieces) {
    const last = pieces.at(-1);
    if ("message" in piece) {
      if (!messages.has(piece.message)) pieces.push(piece);
    } else if (last !== undefined && "control" in last) pieces.splice(-1, 1, { control: last.control + piece.control });
    else pieces.push(piece);
  }
  return { pieces };
}

/** Prompts that every chat template must take: one turn, and two. */
const PROBES: readonly (readonly Role[])[] = [["user"], ["user", "assistant", "user"]];

/** A template, what it is without the calls that strip line breaks alone, and what it shows. */
interface Compiled extends Required<Shown> {
  readonly whole: BoundedTemplate;
  readonly withoutLineStrips: BoundedTemplate;
}

/** Python's strip with an argument. The template engine reads it as one without, so what is stripped is told by leaving it out. */
const LINE_STRIP = /\.[lr]?strip\(\s*(['"])(?:\\n|\n)\1\s*\)/g;
const OTHER_STRIP = /\.[lr]?strip\(\s*[^)\s]/;

/**
 * Marks around what a model is trained to write. The template engine drops them with all of the white space beside them or with none; as tags
 * of a condition that holds they keep and lose what transformers' own tag does.
 */
const GENERATION = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g;

/** To the template engine an empty text equals false; a system message may be either. */
const IS_FALSE = /(==|!=)\s*[fF]alse\b/g;
const TAG = /\{[{%][\s\S]*?[%}]\}/g;

function compile(source: string): BoundedTemplate {
  if (OTHER_STRIP.test(source.replace(LINE_STRIP, ""))) throw invalid("it strips other characters than white space or line breaks");
  if (source.includes("strftime_now")) throw invalid("it calls strftime_now, so a score would change with the date");
  const marked = source.replace(GENERATION, (_, open, end, close) => `{%${open} ${end ? "endif" : "if true"} ${close}%}`);
  try {
    return new BoundedTemplate(marked.replace(TAG, (tag) => tag.replace(IS_FALSE, (_, is) => (is === "==" ? "is false" : "is not false"))));
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

function layOut(
  { whole, withoutLineStrips, judged, reference }: Compiled,
  roles: readonly Role[],
  blank: ReadonlyMap<number, string> = new Map(),
): Layout {
  const marker = randomMarker();
  const shown = { roles, blank, reference };
  const plain = render(whole, shown, marker, "");
  if ("refusal" in plain) return plain;
  const layout = cut(plain.text, marker, {
    contents: roles.length - blank.size + (reference ? 1 : 0),
    repeatable: reference ? roles.length - judged : 0,
  });
  if ("refusal" in layout) return layout;
  const ends = (template: BoundedTemplate) => keptEnds(render(template, shown, marker, PAD), layout, marker);
  const [always, mostly] = [ends(whole), ends(withoutLineStrips)];
  if (always === undefined || mostly === undefined) return { refusal: "what it does to white space of contents cannot be told" };
  const trimOf = (place: number, end: "start" | "end"): Trim =>
    always[place]![end] ? "nothing" : mostly[place]![end] ? "lineBreaks" : "whiteSpace";
  let place = 0;
  const pieces = layout.pieces.map((piece): Piece => {
    if ("control" in piece) return piece;
    const trim = { start: trimOf(place, "start"), end: trimOf(place, "end") };
    place++;
    return trim.start === "nothing" && trim.end === "nothing" ? piece : { ...piece, trim };
  });
  return { pieces };
}

/** White space that every way of trimming takes off. */
const PAD = "\n";

/** A rendering with a marker for each content that is not blank, with one `pad` before it and two behind. */
function render(
  template: BoundedTemplate,
  {
    roles,
    blank,
    reference,
  }: { readonly roles: readonly Role[]; readonly blank: ReadonlyMap<number, string>; readonly reference: boolean },
  marker: string,
  pad: string,
): { text: string } | { refusal: string } {
  const contentAt = (index: number) => `${pad}${marker}${index};${pad}${pad}`;
  const messages = roles.map((role, index) => ({ role, content: blank.get(index) ?? contentAt(index) }));
  const absent = `${marker}absent;`;
  const unread = `${marker}unread;`;
  const variables = Object.fromEntries(TOKENIZER_VARIABLES.map((name) => [name, absent]));
  let text: string;
  try {
    text = template.render({
      ...variables,
      reference: reference ? contentAt(roles.length) : unread,
      messages,
      // As transformers renders a conversation without either.
      tools: null,
      documents: null,
      add_generation_prompt: false,
    });
  } catch (cause) {
    return { refusal: messageOf(cause) };
  }
  if (text.includes(absent)) return { refusal: `it prints one of ${TOKENIZER_VARIABLES.join(", ")}; write the token itself` };
  if (text.includes(unread)) return { refusal: "it shows the reference, which judges of this kind do not read: a verifier does" };
  return { text };
}

/**
 * Which ends of a content kept their white space in a padded rendering, by the places of contents in order. One before and two behind tell
 * the ends of two contents apart by their number, whatever white space of the template's own stands between them.
 *
 * @returns undefined where the rendering differs from the plain one in anything else
 */
function keptEnds(
  padded: { text: string } | { refusal: string },
  { pieces }: { readonly pieces: readonly Piece[] },
  marker: string,
): { start: boolean; end: boolean }[] | undefined {
  const order = pieces.flatMap((piece) => ("message" in piece ? [piece.message] : []));
  const count = order.length;
  const plain = between(pieces);
  const found = "text" in padded ? padded.text.split(new RegExp(`${marker}(\\d+);`)) : [];
  if (found.length !== 2 * count + 1 || !order.every((message, place) => found[2 * place + 1] === String(message))) return undefined;
  const kept = Array.from({ length: count }, () => ({ start: true, end: true }));
  for (const [place, own] of plain.entries()) {
    const text = found[2 * place]!;
    const added = text.length - own.length;
    const [left, right] = [place > 0 && added >= 2, place < count && added % 2 === 1];
    if (text !== `${left ? PAD + PAD : ""}${own}${right ? PAD : ""}`) return undefined;
    if (place > 0) kept[place - 1]!.end = left;
    if (place < count) kept[place]!.start = right;
  }
  return kept;
}

/** The template's own text before each content, and behind the last. */
function between(pieces: readonly Piece[]): string[] {
  const texts = [""];
  for (const piece of pieces) {
    if ("control" in piece) texts[texts.length - 1] += piece.control;
    else texts.push("");
  }
  return texts;
}

/** Cuts a rendering at its markers, and refuses it unless each of the contents stands in it exactly once, or the first `repeatable` oftener. */
function cut(
  rendered: string,
  marker: string,
  { contents, repeatable }: { readonly contents: number; readonly repeatable: number },
): { readonly pieces: readonly Piece[] } | { readonly refusal: string } {
  const [start, ...parts] = rendered.split(marker);
  const pieces: Piece[] = start ? [{ control: start }] : [];
  const seen = new Set<number>();
  for (const part of parts) {
    const end = part.indexOf(";");
    const message = Number(part.slice(0, end));
    if (end < 1 || (seen.has(message) && message >= repeatable)) return { refusal: "it repeats or changes the content of a message" };
    seen.add(message);
    pieces.push({ message });
    if (end + 1 < part.length) pieces.push({ control: part.slice(end + 1) });
  }
  if (seen.size !== contents) return { refusal: "it leaves out the content of a message, or the reference where the judge reads one" };
  return { pieces };
}

function randomMarker(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}

function invalid(problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `the chat template is not usable: ${problem}`, { cause });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
