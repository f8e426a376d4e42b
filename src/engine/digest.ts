import { createHash, hash } from "node:crypto";
import type { Call, ChatCall, ExternalCall, Segment } from "../domain/backend.ts";
import { type Content, type Message, textOf } from "../domain/item.ts";
import type { Ask } from "../domain/judge.ts";

/**
 * Digest of what a call asks, equal for equal calls whoever makes them: SHA-256 over length-prefixed, origin-tagged
 * segments, so that ("ab", "c") and ("a", "bc") differ and no text is changed on the way (NFC and NFD differ).
 * Texts must be well formed: a lone surrogate has no bytes of its own, so transports refuse it before this point.
 * The cache asks for it before the queue does, and judges that ask the same hand over the very same call, so the last one is remembered.
 *
 * @returns 32 bytes as a binary string, one unit per byte, the shortest key a Map can hold
 */
export function digestCall(call: Call): string {
  if (call !== lastCall) {
    lastCallDigest = hash("sha256", canonicalCall(call), "binary");
    lastCall = call;
  }
  return lastCallDigest;
}

let lastCall: Call | undefined;
let lastCallDigest = "";

function canonicalCall(call: Call): string {
  switch (call.type) {
    case "forward":
      return `forward/1:${call.overlong}${canonicalText(call.segments)}`;
    case "pair":
      return `pair/1:${call.query.length}${canonicalText(call.query)}${canonicalText(call.document)}`;
    case "likelihood":
      return `likelihood/1:${call.scoredFrom}${canonicalText(call.segments)}`;
    case "chat":
      return canonicalChat(call);
    case "external":
      return canonicalExternal(call);
    case "tool":
      return `tool/1:${call.tool.length}:${call.tool}|${call.input}`;
    case "relay":
      return `relay/1:${call.number}|${call.body}`;
  }
}

function canonicalText(segments: readonly Segment[]): string {
  let canonical = "";
  for (const { origin, text } of segments) canonical += `|${origin}${text.length}:${text}`;
  return canonical;
}

function canonicalChat({ messages, sampling, schema, alternatives }: ChatCall): string {
  const { temperature, topP, maxTokens, seed } = sampling;
  let canonical = `chat/1:${JSON.stringify([temperature, topP, maxTokens, seed, alternatives, schema ?? null])}`;
  for (const { role, segments } of messages) canonical += `|${role}/${segments.length}${canonicalText(segments)}`;
  return canonical;
}

function canonicalExternal({ judge, prompt, candidates, reference, domain, language, metadata }: ExternalCall): string {
  const labels = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const messages = prompt.map(({ role, content }) => [role, canonicalContent(content)]);
  const optional = [reference, domain, language].map((text) => text ?? null);
  return `external/1:${JSON.stringify([judge, messages, candidates.map(canonicalContent), optional, labels])}`;
}

function canonicalContent(content: Content): unknown {
  return typeof content === "string" ? content : content.map((part) => [part.type, part.type === "text" ? part.text : part.url]);
}

/** Digest of everything one ask sends and reads: its call's, or the digest over the digests of all its calls, in order. */
export function digestAsk(ask: Ask): string {
  if (ask.calls.length === 1 && ask.reads === undefined) return digestCall(ask.calls[0]!);
  const over = createHash("sha256").update(`ask/1:${ask.calls.length}`);
  if (ask.reads !== undefined) over.update(`|reads${ask.reads.length}:${ask.reads}`);
  for (const call of ask.calls) over.update(digestCall(call), "latin1");
  return over.digest("binary");
}

let lastAsks: readonly Ask[] | undefined;
let lastDigests: readonly (string | undefined)[] = [];

/**
 * Digests of the asks of one item, same order; undefined where an ask sends nothing. Judges that ask the same hand over the very
 * same list, one after the other, so the last one is remembered.
 */
export function digestAsks(asks: readonly Ask[]): readonly (string | undefined)[] {
  if (asks !== lastAsks) {
    lastDigests = asks.map((ask) => (ask.calls.length === 0 ? undefined : digestAsk(ask)));
    lastAsks = asks;
  }
  return lastDigests;
}

let lastPrompt: readonly Message[] | undefined;
let lastPromptDigest = "";

/**
 * Digest of a prompt, equal for equal prompts whether their text is one string or several parts: SHA-256 over length-prefixed,
 * role-tagged messages. No text is changed on the way. The members of a panel ask one after the other, so the last one is remembered.
 *
 * @returns 32 hexadecimal digits, the first half of the digest
 */
export function digestPrompt(prompt: readonly Message[]): string {
  if (prompt === lastPrompt) return lastPromptDigest;
  const digest = createHash("sha256").update(`prompt/1:${prompt.length}`);
  for (const { role, content } of prompt) {
    const text = textOf(content);
    digest.update(`|${role}${text.length}:${text}`, "utf8");
    for (const url of imagesOf(content)) digest.update(`|image${url.length}:${url}`, "utf8");
  }
  lastPrompt = prompt;
  lastPromptDigest = digest.digest("hex").slice(0, 32);
  return lastPromptDigest;
}

function imagesOf(content: Content): string[] {
  return typeof content === "string" ? [] : content.flatMap((part) => (part.type === "image" ? [part.url] : []));
}
