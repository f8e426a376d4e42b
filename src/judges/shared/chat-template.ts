import { Template } from "@huggingface/jinja";
import { GatewayError } from "../../domain/errors.ts";
import type { Message, Role } from "../../domain/item.ts";

/** One stretch of a rendered conversation: the template's own text, or the place of a message's content. */
export type Piece = { readonly control: string } | { readonly message: number };

/** What a template makes of a sequence of roles: its pieces in order, or why it does not take that sequence. */
export type Layout = { readonly pieces: readonly Piece[] } | { readonly refusal: string };

export interface ChatTemplate {
  /** The layout of `prompt` followed by the assistant's messages to be judged, whose indices are `prompt.length` and so on. */
  layout(prompt: readonly Message[]): Layout;
}

/** Sequences of roles that are remembered; a trainer sends a handful. */
const REMEMBERED = 1024;
/** Longer conversations are laid out each time, so that what is remembered stays small. */
const REMEMBERED_MESSAGES = 256;
/** What chat templates of model hubs expect from their tokenizer. A judge's template writes these tokens out instead. */
const TOKENIZER_VARIABLES = ["bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token"];

/**
 * Compiles a Jinja chat template over `messages`. Contents never enter the template engine: each is rendered as a random
 * 128-bit marker and the rendering is cut at the markers, so no content can close a quote, forge a turn or read a
 * variable, and a layout depends on the roles alone, which makes it worth remembering.
 *
 * @param judged messages of the assistant at the end: one, the candidate, or two for a model that compares two
 * @throws {GatewayError} CONFIG_INVALID when the template does not parse, depends on the date or on variables of a
 *   tokenizer, or loses, repeats or changes the content of a message
 */
export function createChatTemplate(source: string, judged: 1 | 2 = 1): ChatTemplate {
  const template = compile(source);
  const layouts = new Map<string, Layout>();
  const answers = Array.from({ length: judged }, (): Role => "assistant");
  for (const roles of PROBES) {
    const layout = layOut(template, [...roles, ...answers]);
    if ("refusal" in layout) throw invalid(layout.refusal);
  }
  return {
    layout(prompt) {
      let key = "";
      for (const message of prompt) key += message.role[0];
      const known = layouts.get(key);
      if (known !== undefined) return known;
      const layout = layOut(template, [...prompt.map((message) => message.role), ...answers]);
      if (prompt.length > REMEMBERED_MESSAGES) return layout;
      if (layouts.size >= REMEMBERED) layouts.delete(layouts.keys().next().value!);
      layouts.set(key, layout);
      return layout;
    },
  };
}

/** Prompts that every chat template must take: one turn, and two. */
const PROBES: readonly (readonly Role[])[] = [["user"], ["user", "assistant", "user"]];

function compile(source: string): Template {
  if (source.includes("strftime_now")) throw invalid("it calls strftime_now, so a score would change with the date");
  try {
    return new Template(source);
  } catch (cause) {
    throw invalid(messageOf(cause), cause);
  }
}

function layOut(template: Template, roles: readonly Role[]): Layout {
  const marker = randomMarker();
  const messages = roles.map((role, index) => ({ role, content: `${marker}${index};` }));
  const absent = `${marker}absent;`;
  const variables = Object.fromEntries(TOKENIZER_VARIABLES.map((name) => [name, absent]));
  let rendered: string;
  try {
    rendered = template.render({ ...variables, messages, add_generation_prompt: false });
  } catch (cause) {
    return { refusal: messageOf(cause) };
  }
  if (rendered.includes(absent)) return { refusal: `it prints one of ${TOKENIZER_VARIABLES.join(", ")}; write the token itself` };
  return cut(rendered, marker, roles.length);
}

/** Cuts a rendering at its markers, and refuses it unless each of the `count` messages stands in it exactly once. */
function cut(rendered: string, marker: string, count: number): Layout {
  const [start, ...parts] = rendered.split(marker);
  const pieces: Piece[] = start ? [{ control: start }] : [];
  const seen = new Set<number>();
  for (const part of parts) {
    const end = part.indexOf(";");
    const message = Number(part.slice(0, end));
    if (end < 1 || seen.has(message)) return { refusal: "it repeats or changes the content of a message" };
    seen.add(message);
    pieces.push({ message });
    if (end + 1 < part.length) pieces.push({ control: part.slice(end + 1) });
  }
  if (seen.size !== count) return { refusal: "it leaves out the content of a message" };
  return { pieces };
}

function randomMarker(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}

function invalid(problem: string, cause?: unknown): GatewayError {
  return new GatewayError("CONFIG_INVALID", `the chat template is not usable: ${problem}; correct \`template\` in judge.yaml`, { cause });
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
