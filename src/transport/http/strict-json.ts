import { GatewayError } from "../../domain/errors.ts";
import type { RequestLimits } from "../../domain/limits.ts";
import { maxElements, tooManyElements } from "../request-rules.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** No object of a request is wider; a check for doubled keys without a bound would let one body hold the event loop. */
const MAX_KEYS = 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Parses JSON that means one thing only. Beyond what JSON.parse refuses (comments, NaN, a byte order mark): bytes that are not
 * UTF-8, keys given twice, keys that reach an object's prototype, numbers beyond the range of a double, and nesting deeper
 * than the limit. It has bounded numbers of keys in an object, and of elements: objects, lists, and texts in lists. Halves of surrogate pairs are left to the rules, which know the field.
 *
 * @throws {GatewayError} REQUEST_INVALID or TOO_LARGE (depth, keys, elements), with the position and never with the text
 * @complexity O(n): one native parse and one scan that jumps from quote to quote
 */
export function parseStrictJson(bytes: Uint8Array, limits: Pick<RequestLimits, "maxJsonDepth" | "maxCandidates">): unknown {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch (cause) {
    throw new GatewayError("REQUEST_INVALID", "the body is not UTF-8", { cause });
  }
  scan(text, limits.maxJsonDepth, maxElements(limits));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("not valid JSON", positionOf(cause));
  }
}

/** The parser's message quotes the text, so only its position is kept. */
function positionOf(cause: unknown): number | undefined {
  const found = cause instanceof Error ? /at position (\d+)/.exec(cause.message) : null;
  return found === null ? undefined : Number(found[1]);
}

function invalid(what: string, position: number | undefined): GatewayError {
  const where = position === undefined ? "" : ` at character ${position}`;
  return new GatewayError("REQUEST_INVALID", `the body is ${what}${where}`);
}

/**
 * Walks the structure without checking the grammar, which the parse does afterwards: every string is skipped as a whole, and
 * one that a colon follows is a key of the innermost object.
 */
function scan(text: string, maxDepth: number, mostElements: number): void {
  let elements = 0;
  const keys: (Set<string> | undefined)[] = [];
  const { length } = text;
  let i = 0;
  while (i < length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      if (end < 0) return;
      const after = skipSpace(text, end + 1);
      if (text.charCodeAt(after) === COLON) {
        takeKey(text, i, end, keys);
        i = after + 1;
      } else {
        if (keys.length > 0 && keys[keys.length - 1] === undefined && ++elements > mostElements) throw tooManyElements(mostElements);
        i = after;
      }
      continue;
    }
    if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (keys.length >= maxDepth) {
        const message = `the body is nested deeper than ${maxDepth} levels at character ${i}`;
        throw new GatewayError("TOO_LARGE", message, { details: { limit: maxDepth } });
      }
      if (++elements > mostElements) throw tooManyElements(mostElements);
      keys.push(code === OPEN_OBJECT ? new Set() : undefined);
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) keys.pop();
    else if (code >= 0x30 && code <= 0x39) {
      i = takeNumber(text, i);
      continue;
    }
    i++;
  }
}

/** Index of the quote that closes the string opened at `start`, or −1. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

function skipSpace(text: string, from: number): number {
  let i = from;
  for (;;) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return i;
    i++;
  }
}

function takeKey(text: string, start: number, end: number, keys: readonly (Set<string> | undefined)[]): void {
  const object = keys[keys.length - 1];
  if (object === undefined) return;
  let key = text.slice(start + 1, end);
  if (key.includes("\\")) {
    try {
      key = JSON.parse(`"${key}"`) as string;
    } catch {
      throw invalid("not valid JSON", start);
    }
  }
  if (object.has(key)) throw invalid("JSON with a key given twice in one object", start);
  if (FORBIDDEN_KEYS.has(key)) throw invalid("JSON with a key that is not allowed", start);
  if (object.size >= MAX_KEYS) {
    throw new GatewayError("TOO_LARGE", `the body has an object of more than ${MAX_KEYS} keys at character ${start}`, {
      details: { limit: MAX_KEYS },
    });
  }
  object.add(key);
}

/** Past the digits, fraction and exponent at `start`; a number that overflows to infinity is refused. */
function takeNumber(text: string, start: number): number {
  let i = start + 1;
  for (;;) {
    const code = text.charCodeAt(i);
    const inNumber = (code >= 0x30 && code <= 0x39) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;
    if (!inNumber) break;
    i++;
  }
  if (i - start > 15 || text.slice(start, i).search(/[eE]/) >= 0) {
    if (Number(text.slice(start, i)) === Number.POSITIVE_INFINITY) throw invalid("JSON with a number out of range", start);
  }
  return i;
}
