import type { Message, Role } from "../../domain/item.ts";

/** Marks with which common policies end a turn of the assistant; those of GLM begin the turn that follows. */
const ENDINGS = [
  ...["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<end_of_turn>", "<eos>", "</s>", "<|end|>"],
  ...["<|return|>", "<｜end▁of▁sentence｜>", "<|user|>", "<|observation|>"],
];

/** A style of template: how a turn begins and ends. */
interface TurnStyle {
  /** The role is the first group, the text the second, and behind it the mark that ends the turn, where there is one. */
  readonly turn: RegExp;
  readonly begins: RegExp;
  /** What its texts hold besides. */
  readonly holds?: string;
}

/** Tokenizers of SentencePiece put a space behind a mark when they decode. */
const STYLES: readonly TurnStyle[] = [
  { begins: /<\|im_start\|>/, turn: /<\|im_start\|> ?(\w+)(?:<\|im_sep\|>|\n)([\s\S]*?)(<\|im_end\|>\n?|$)/g },
  { begins: /<\|start_header_id\|>/, turn: /<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n([\s\S]*?)(<\|eo[tm]_id\|>|$)/g },
  // NeMo's: a label may stand behind the last turn.
  { begins: /<extra_id_1>/, turn: /<extra_id_[01]> ?(\w+)\n([\s\S]*?)(?=(<extra_id_\d>)|$)/g },
  { begins: /<start_of_turn>/, turn: /<start_of_turn>(\w+)\n([\s\S]*?)(<end_of_turn>\n?|$)/g },
  // DeepSeek's: what the system says has no mark of its own, nor what the assistant says of what tools gave.
  {
    begins: /<｜(?:begin▁of▁sentence|User)｜>/,
    holds: "<｜User｜>",
    turn: /(?:<｜(begin▁of▁sentence|User|Assistant|tool▁outputs?▁begin|tool▁outputs?▁end)｜>|^)([\s\S]*?)(?:(<｜end▁of▁sentence｜>)|(?=(<｜(?:begin▁of▁sentence|User|Assistant|tool▁outputs?▁begin|tool▁outputs?▁end)｜>)|$))/g,
  },
  // Mistral's.
  {
    begins: /^\s*<s>\s*\[(?:INST|SYSTEM_PROMPT)\]/,
    turn: /\[(SYSTEM_PROMPT|\/?INST|\/?TOOL_RESULTS)\]([\s\S]*?)(?:(<\/s>)|(?=(\[\/?(?:SYSTEM_PROMPT|INST|TOOL_RESULTS)\])|$))/g,
  },
  // GLM's, whose turns end where the next begins, Phi's and Zephyr's.
  {
    begins: /^\s*(?:\[gMASK\]\s*<sop>\s*|<s>\s*)?<\|(?:system|user)\|>/,
    turn: /<\|(system|user|assistant|observation)\|>\n?([\s\S]*?)(?:(<\|end\|>\n?|<\/s>\n?)|(?=(<\|(?:system|user|assistant|observation)\|>)|$))/g,
  },
];

const ROLES: ReadonlyMap<string, Role> = new Map([
  ["system", "system"],
  ["developer", "developer"],
  ["user", "user"],
  ["human", "user"],
  ["assistant", "assistant"],
  ["model", "assistant"],
  ["tool", "tool"],
  ["ipython", "tool"],
  ["observation", "tool"],
  ["begin▁of▁sentence", "system"],
  ["system_prompt", "system"],
  ["inst", "user"],
  ["/inst", "assistant"],
  ...(["tool_results", "tool▁outputs▁begin", "tool▁output▁begin"] as const).map((word) => [word, "tool"] as const),
  ...(["/tool_results", "tool▁outputs▁end", "tool▁output▁end"] as const).map((word) => [word, "assistant"] as const),
]);

/** A turn as its template wrote it. */
interface Turn {
  readonly role: Role;
  readonly text: string;
  /** Whether the mark that ends it is there. */
  readonly closed: boolean;
}

/** The turns of a text, in the template whose mark comes first: marks of others are what somebody wrote about them. */
function turnsOf(text: string): Turn[] {
  const placed = STYLES.map((style) => ({ ...style, at: text.search(style.begins) }));
  const [style] = placed.filter(({ at, holds = "" }) => at >= 0 && text.includes(holds)).sort((a, b) => a.at - b.at);
  if (style === undefined) return [];
  return [...text.matchAll(style.turn)].flatMap(([, word = "system", content, ...marks]) => {
    const role = ROLES.get(word.toLowerCase());
    const turn = { role: role!, text: content!, closed: marks.some(Boolean) };
    // Between marks that stand side by side nobody speaks.
    return role === undefined || (word.includes("▁") && content!.trim() === "" && !marks[0]) ? [] : [turn];
  });
}

function messagesOf(turns: readonly Turn[]): Message[] {
  return turns.map(({ role, text }) => ({ role, content: text.trim() }));
}

/** The conversation that a judge reads: what came before the last turn of the assistant, and that turn. */
export interface Conversation {
  /** At least one message. */
  readonly prompt: readonly Message[];
  readonly response: string;
}

/**
 * The messages behind a prompt that a trainer has put through its policy's chat template, for judges that have templates of
 * their own. Reads the templates of ChatML (Qwen, SmolLM), Llama 3, Gemma, NeMo, DeepSeek, Mistral, GLM and Phi; any other text is one message
 * of the user, as it is.
 *
 * @param text the templated prompt, which usually ends with the beginning of the assistant's turn
 * @returns at least one message, without the turn of the assistant that is open
 */
export function messagesOfTemplated(text: string): Message[] {
  return beginningOf(text).messages;
}

/**
 * The same with what the policy wrote on. What the prompt begins of the assistant's turn, as `<think>` of policies that reason, is the
 * beginning of the response.
 *
 * @param written without the marks that end a turn
 */
export function continueTemplated(prompt: string, written: string): Conversation {
  const { messages, begun } = beginningOf(prompt);
  return { prompt: messages, response: begun + written };
}

function beginningOf(text: string): { readonly messages: Message[]; readonly begun: string } {
  const turns = turnsOf(text);
  const last = turns.at(-1);
  const open = last?.role === "assistant" && !last.closed;
  const messages = messagesOf(open ? turns.slice(0, -1) : turns);
  if (messages.length === 0) return { messages: [{ role: "user", content: text }], begun: "" };
  return { messages, begun: open && last.text.trim() !== "" ? last.text : "" };
}

/** What is left of ChatML where special tokens are left out: the words of the roles, each on a line of its own. */
const ROLE_LINE = /(?:^|\n)(system|user|assistant)\n/;

/**
 * The same of a prompt in ChatML that was decoded without special tokens.
 *
 * @returns undefined where the roles are not those of a conversation: the user and the assistant in turn, behind the system if there is one
 */
export function continueUnmarked(prompt: string, written: string): Conversation | undefined {
  const [before, ...parts] = prompt.split(ROLE_LINE);
  const messages = parts.flatMap((role, i): Message[] => (i % 2 === 0 ? [{ role: role as Role, content: parts[i + 1]!.trim() }] : []));
  const turns = messages[0]?.role === "system" ? messages.slice(1) : messages;
  if (before !== "" || turns.length === 0 || turns.some(({ role }, i) => role !== (i % 2 === 0 ? "user" : "assistant"))) return undefined;
  if (messages.at(-1)!.role !== "assistant") return { prompt: messages, response: written };
  const begun = parts.at(-1)!;
  return { prompt: messages.slice(0, -1), response: begun.trim() === "" ? written : begun + written };
}

/**
 * What the policy wrote, of a text that holds the templated prompt and then the response: without the prompt and without the marks
 * that end a turn. Such texts are decoded tokens, so the prompt may stand there as the tokenizer gives it back: with its Unicode composed,
 * as those of Qwen do, or with other white space, as that of Llama 3 and those of SentencePiece; and of a prompt that was too long its end
 * alone.
 *
 * @returns undefined when the text does not begin with the prompt
 */
export function responseOfTemplated(text: string, prompt: string): string | undefined {
  for (const reading of [() => prompt, () => prompt.normalize("NFC")]) {
    const end = endOfPrompt(text, reading()) ?? endApartFromSpaces(text, reading());
    if (end !== undefined) return withoutEndings(text.slice(end));
  }
  return undefined;
}

/** So much of a prompt tells its end from other places, UTF-16 units: more than its template writes there. */
const TELLING = 64;

/** Where the prompt that a text begins with ends in it. Of one that was cut at its start, the first character may be cut in two. */
function endOfPrompt(text: string, prompt: string): number | undefined {
  if (text.startsWith(prompt)) return prompt.length;
  const at = prompt.length < TELLING ? -1 : text.indexOf(prompt.slice(-TELLING));
  const end = at + TELLING;
  return at >= 0 && prompt.endsWith(text.slice(0, end).replace(/^\uFFFD+/, "")) ? end : undefined;
}

/** The same of a whole prompt, where decoding has dropped spaces, as before punctuation, or added some, as behind special tokens. */
function endApartFromSpaces(text: string, prompt: string): number | undefined {
  let end = 0;
  for (const character of prompt.replaceAll(/\s+/g, "")) {
    while (/\s/.test(text.charAt(end))) end++;
    if (!text.startsWith(character, end)) return undefined;
    end += character.length;
  }
  // What stands at the end is the template's as far as it is the same.
  for (const space of prompt.slice(prompt.trimEnd().length)) if (text.startsWith(space, end)) end++;
  return end;
}

/** What the policy wrote, without the marks that end a turn and the white space behind them. */
export function withoutEndings(written: string): string {
  let response = written;
  for (;;) {
    const trimmed = response.trimEnd();
    const ending = ENDINGS.find((mark) => trimmed.endsWith(mark));
    if (ending === undefined) return response;
    response = trimmed.slice(0, -ending.length);
  }
}

/**
 * A templated conversation taken apart: everything before the last turn of the assistant, and that turn.
 *
 * @returns undefined when the text holds no turn of the assistant in a template that is known, or nothing before it
 */
export function splitTemplated(text: string): Conversation | undefined {
  const turns = turnsOf(text);
  // What a template only opens for a policy to write is no turn yet; one that it closed without a word is one.
  const opened = turns.at(-1);
  if (opened !== undefined && !opened.closed && opened.text.trim() === "") turns.pop();
  const last = turns.pop();
  if (turns.length === 0 || last?.role !== "assistant") return undefined;
  // A policy may end with another mark than its template does, and padding stands for an answer that is empty.
  return { prompt: messagesOf(turns), response: (last.closed ? last.text : withoutEndings(last.text)).trim() };
}
