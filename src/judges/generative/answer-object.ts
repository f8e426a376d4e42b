/** A value of a JSON object that a judge wrote. Objects are maps, so no key reaches a prototype. */
export type AnswerValue = string | number | boolean | null | readonly AnswerValue[] | AnswerObject;
export type AnswerObject = ReadonlyMap<string, AnswerValue>;

/** The one object of an answer. */
export interface FoundObject {
  readonly object: AnswerObject;
  /** `direct`: the answer is the object, at most within a code fence. `braces`: text stands around it. `repair`: it was nearly JSON. */
  readonly step: "direct" | "braces" | "repair";
  /** What follows the object. */
  readonly rest: string;
}

/** No answer that was asked for is nested deeper. */
const MAX_DEPTH = 16;

/**
 * Finds the JSON object in an answer: the whole answer, else what its outermost braces hold, else that with single or curly quotes,
 * line breaks in strings and commas before a closing bracket put right. What is missing is never added: an object that was cut off is
 * none, and so are two objects side by side, a key given twice, and a number beyond the range of a double.
 *
 * @returns undefined when there is not exactly one object
 * @complexity O(length of the answer), pure
 * @example findAnswerObject("Here: {'score': 4,}")?.object.get("score") // → 4
 */
export function findAnswerObject(answer: string): FoundObject | undefined {
  const whole = unfenced(answer.trim());
  const direct = parseObject(whole, false);
  if (direct !== undefined) return { object: direct, step: "direct", rest: "" };
  const open = whole.indexOf("{");
  const close = whole.lastIndexOf("}");
  // Braces that do not pair up outside mean that the object is the first of two, or that a second one was cut off.
  if (open < 0 || close < open || whole.indexOf("}") < open || whole.includes("{", close)) return undefined;
  const within = whole.slice(open, close + 1);
  const rest = whole.slice(close + 1);
  const plain = parseObject(within, false);
  if (plain !== undefined) return { object: plain, step: "braces", rest };
  const mended = parseObject(within, true);
  return mended && { object: mended, step: "repair", rest };
}

/** The inside of an answer that is one code fence; any other answer as it is. */
function unfenced(answer: string): string {
  const line = answer.indexOf("\n");
  const fenced = line > 0 && line < 12 && answer.startsWith("```") && answer.endsWith("```") && answer.length > line + 3;
  return fenced ? answer.slice(line + 1, -3).trim() : answer;
}

const CLOSING_QUOTE: Readonly<Record<string, string>> = { '"': '"', "'": "'", "‘": "’", "“": "”" };
const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function parseObject(text: string, lenient: boolean): AnswerObject | undefined {
  let at = 0;

  function value(depth: number): AnswerValue {
    if (depth > MAX_DEPTH) throw new SyntaxError("too deep");
    skipSpace();
    if (text[at] === "{") return object(depth);
    if (text[at] === "[") return array(depth);
    if (isQuote(text[at])) return string();
    LITERAL.lastIndex = at;
    const [literal = ""] = LITERAL.exec(text) ?? [];
    at += literal.length;
    const found: unknown = JSON.parse(literal);
    if (found === Infinity || found === -Infinity) throw new SyntaxError("beyond a double");
    return found as number | boolean | null;
  }

  function object(depth: number): AnswerObject {
    const entries = new Map<string, AnswerValue>();
    list("}", () => {
      skipSpace();
      if (!isQuote(text[at])) throw new SyntaxError("no key");
      const key = string();
      if (!take(":") || entries.has(key)) throw new SyntaxError("no value, or two");
      entries.set(key, value(depth + 1));
    });
    return entries;
  }

  function array(depth: number): AnswerValue[] {
    const values: AnswerValue[] = [];
    list("]", () => values.push(value(depth + 1)));
    return values;
  }

  /** Members between an opening bracket and its closing one. */
  function list(closing: string, member: () => void): void {
    at++;
    if (take(closing)) return;
    for (;;) {
      member();
      if (take(closing)) return;
      if (!take(",")) throw new SyntaxError("no comma");
      if (lenient && take(closing)) return;
    }
  }

  function string(): string {
    const quote = text[at]!;
    const start = ++at;
    while (text[at] !== CLOSING_QUOTE[quote]) {
      if (at >= text.length) throw new SyntaxError("no closing quote");
      at += text[at] === "\\" ? 2 : 1;
    }
    const inside = text.slice(start, at++);
    return JSON.parse(`"${lenient ? escaped(inside) : inside}"`);
  }

  function isQuote(character: string | undefined): boolean {
    return character === '"' || (lenient && character !== undefined && Object.hasOwn(CLOSING_QUOTE, character));
  }

  function take(character: string): boolean {
    skipSpace();
    if (text[at] !== character) return false;
    at++;
    return true;
  }

  function skipSpace(): void {
    while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  }

  if (text[0] !== "{") return undefined;
  try {
    const found = value(0) as AnswerObject;
    skipSpace();
    return at === text.length ? found : undefined;
  } catch {
    return undefined;
  }
}

/** The inside of a string in other quotes or with line breaks, as JSON writes it. */
function escaped(inside: string): string {
  return inside.replace(/\\[\s\S]|["\n\r\t]/g, (found) => {
    if (found === "\\'") return "'";
    return found.length > 1 ? found : JSON.stringify(found).slice(1, -1);
  });
}
