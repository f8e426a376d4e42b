import { GatewayError } from "../../domain/errors.ts";
import { parseNumber } from "./numeric.ts";

/** A statement "expression = value" of a text. */
export interface ArithmeticClaim {
  readonly expression: string;
  readonly value: number;
}

/** What a calculator says of claims. */
export interface CheckedClaims {
  /** Value of each expression; null where it has none, such as a division by 0. */
  readonly observations: readonly (number | null)[];
  readonly ok: readonly boolean[];
  /** Share of claims that hold; null without claims, since nothing was checked. */
  readonly share: number | null;
}

/** Characters of an expression that are read; a longer one is not evaluated. */
const MAX_EXPRESSION = 200;
/** Claims of one text that are checked. */
const MAX_CLAIMS = 200;
const PART = /[\d.,+\-\u2212*/×÷^() $€£]/;
const OPERATED = /\d\s*[+\-\u2212*/×÷^x]/;
/** Nothing is computed over it: "5 apples, 2 * 3", "1. 2 * 3", "in 2020 2 * 3". */
const SEAM = /(?<=[.,])\s+|(?<=[\d)])\s+(?=[$€£]?[.\d])(?!\d+\/\d|\d{3}(?!\d))/;
const LIST_MARK = /^\s*[-+*]\s+/;
const EMPHASIS = /^\s*\*\*|\*\*\s*$/g;
/** What sets a result off, and what closes it. */
const SET_OFF: readonly (readonly [open: RegExp, close: string])[] = [
  [/^\s{0,4}\*\*/, "**"],
  [/^\s{0,4}\\boxed\{/, "}"],
];
/** Ends in a part of a formula that is read no further: a command of LaTeX, an operator in another spelling. */
const OPEN = /(?:\\[a-zA-Z]+|[·⋅∙∗√]|[\d)]\s*[–—])\s*$/;
/** Ends in a name, a unit or a bracket, to which belongs what follows at once. */
const ATTACHED = /[\p{L}\p{N}_%!}\]]$/u;
/** An operation on what stands before it. A sign touches its number. */
const OPERATION = /^\s*(?:[*/×÷^)]|[-+\u2212]\s)/;
/** Mixed ones too: "2 1/2". */
const NUMBER = /^\s*(?:[-\u2212]\s*)?[$€£]?\s*(?:\d+\s+\d+\/\d+|\d+(?:,\d+)*(?:\.\d+)?%?)/;
/** Follows a number that is the first operand of an expression. */
const GOES_ON = /^\s*[-+\u2212*/×÷^x]\s*[$€£(.\d]/;
/** Follows one that goes on otherwise: "12 000", and in formulas with names or commands. */
const GOES_ASTRAY =
  /^\s?(?:\d{3}(?!\d)|[nx-z](?![\p{L}\p{N}])|[-+\u2212*/×÷^]\s*\p{L}(?!\p{L})|[+×÷^]\s*[\p{L}\\]|[·⋅]|\\(?:times|cdot|div|frac|sqrt))/u;
const BEYOND_QUOTIENTS = /[-+\u2212*×x^]/;
const SIDE_BY_SIDE = /\d\s+[\d.]/;
/** What reading throws: one for all, since the trace of the stack costs more than the reading, and texts have thousands that are none. */
const UNREADABLE = new GatewayError("REQUEST_INVALID", "the text is not an arithmetic expression");
const OPERAND = /^\d[\d,]*(?:\.\d+)?|^\.\d+/;

/**
 * Checks arithmetic claims with a calculator.
 *
 * @param tolerance largest difference that passes, ≥ 0
 * @complexity O(length of the expressions), pure
 * @see Li et al. 2023, Tool-Augmented Reward Modeling, arXiv:2310.01045
 * @example checkClaims([{ expression: "12*4", value: 48 }], 1e-6).share // → 1
 */
export function checkClaims(claims: readonly ArithmeticClaim[], tolerance: number): CheckedClaims {
  const observations = claims.map(({ expression }) => evaluateArithmetic(expression));
  const ok = claims.map(({ value }, i) => observations[i] !== null && Math.abs(observations[i]! - value) <= tolerance);
  return { observations, ok, share: claims.length > 0 ? ok.filter(Boolean).length / claims.length : null };
}

/**
 * The claims "expression = value" of a text, such as `12 * 4 = $48`, `12 * 4 = **48**` and `12 * 4 = 50 - 2`, also in brackets. An expression holds digits, `+ - * / ^ × ÷ x`,
 * parentheses and currency signs, and at least one operation. What is a part of something else is no claim: `y + 12 * 4 = 50`, `2x - 3 = 7`.
 *
 * @returns in order, at most 200
 * @complexity O(length), pure
 * @example findClaims("That is 3 x 20 = 60 students.") // → [{ expression: "3 x 20", value: 60 }]
 */
export function findClaims(text: string): ArithmeticClaim[] {
  const claims: ArithmeticClaim[] = [];
  for (let at = text.indexOf("="); at >= 0 && claims.length < MAX_CLAIMS; at = text.indexOf("=", at + 1)) {
    const expression = expressionBefore(text, at);
    const value = expression === undefined ? null : valueAfter(text, at + 1, expression);
    if (expression !== undefined && value !== null) claims.push({ expression, value });
  }
  return claims;
}

function expressionBefore(text: string, end: number): string | undefined {
  let start = end;
  while (start > 0 && end - start <= MAX_EXPRESSION && isPart(text, start - 1)) start--;
  if (end - start > MAX_EXPRESSION || !OPERATED.test(text.slice(start, end))) return undefined;
  const before = text.slice(Math.max(0, start - 32), start);
  const pieces = text.slice(start, end).split(SEAM);
  let expression = pieces.at(-1)!;
  if (pieces.length === 1 && /(?:^|\n)$/.test(before)) expression = expression.replace(LIST_MARK, "");
  else if (pieces.length === 1 && (OPEN.test(before) || (ATTACHED.test(before) && /^\S/.test(expression)))) return undefined;
  expression = withinBrackets(expression.replace(EMPHASIS, "")).trim();
  if (OPERATION.test(expression) || !OPERATED.test(expression)) return undefined;
  return evaluateArithmetic(expression) === null ? undefined : expression;
}

/** What stands behind the last bracket that is not closed: "5 * (2 + 3 = 5)" claims something of 2 + 3. */
function withinBrackets(expression: string): string {
  let closed = 0;
  for (let at = expression.length - 1; at >= 0; at--) {
    if (expression[at] === ")") closed++;
    else if (expression[at] === "(" && closed-- === 0) return expression.slice(at + 1);
  }
  return expression;
}

/** Whether a character can be of an expression. An x is one between numbers, and the name of one elsewhere. */
function isPart(text: string, at: number): boolean {
  if (text[at] !== "x") return PART.test(text[at]!);
  return /[\d)]\s?$/.test(text.slice(Math.max(0, at - 2), at)) && /^\s?[$€£(.\d]/.test(text.slice(at + 1, at + 3));
}

/** The number behind a sign of equality, or the value of the expression that it begins; null where what follows cannot be told. */
function valueAfter(text: string, start: number, expression: string): number | null {
  const [opened = "", close = ""] =
    SET_OFF.map(([open, close]) => [open.exec(text.slice(start, start + 16))?.[0], close]).find(([open]) => open) ?? [];
  const number = NUMBER.exec(text.slice(start + opened.length, start + opened.length + 64))?.[0];
  if (number === undefined) return null;
  let end = start + opened.length + number.length;
  if (text.startsWith(close, end)) end += close.length;
  const rest = end;
  const isFirst = GOES_ON.test(text.slice(end, end + 32));
  if (isFirst) while (end < text.length && end - start <= MAX_EXPRESSION && isPart(text, end)) end++;
  if (GOES_ASTRAY.test(text.slice(end, end + 32))) return null;
  const [whole = ""] = `${number}${text.slice(rest, end)}`.replace(EMPHASIS, "").trim().split(SEAM);
  return isFirst ? evaluateArithmetic(whole.replace(/[.,]+$/, "")) : statedResult(number, expression);
}

/** Per cents are hundredths of a quotient, and may be the unit of what is computed otherwise: "3/4 = 75%", "100 - 54 = 46%". */
function statedResult(number: string, expression: string): number | null {
  const stated = parseNumber(number);
  if (stated === null || !number.endsWith("%") || !BEYOND_QUOTIENTS.test(expression)) return stated;
  const points = parseNumber(number.slice(0, -1))!;
  const computed = evaluateArithmetic(expression)!;
  return Math.abs(computed - points) < Math.abs(computed - stated) ? points : stated;
}

/**
 * Value of an arithmetic expression of numbers, `+ - * / ^` (also `× ÷ x`), signs and parentheses; currency signs are passed over. Powers
 * bind right to left and before a sign: -2^2 is −4.
 *
 * @returns null when it does not parse, as where numbers stand side by side, divides by 0, is longer than 200 characters, or has no finite value
 * @complexity O(length), pure: nothing is executed
 * @example evaluateArithmetic("7+5*2") // → 17
 */
export function evaluateArithmetic(expression: string): number | null {
  if (expression.length > MAX_EXPRESSION || SIDE_BY_SIDE.test(expression)) return null;
  try {
    const reader = new ExpressionReader(expression);
    const value = reader.readAll();
    return Number.isFinite(value) ? value : null;
  } catch (error) {
    if (error === UNREADABLE) return null;
    throw error;
  }
}

/** Recursive descent; depth is bounded by the length of an expression. */
class ExpressionReader {
  readonly #text: string;
  #at = 0;

  constructor(expression: string) {
    this.#text = expression
      .replace(/[$€£\s]/g, "")
      .replace(/[x×]/g, "*")
      .replaceAll("÷", "/")
      .replaceAll("\u2212", "-");
  }

  readAll(): number {
    const value = this.#sum();
    if (this.#at < this.#text.length) throw UNREADABLE;
    return value;
  }

  #take(symbols: string): string | undefined {
    const next = this.#text[this.#at];
    if (next === undefined || !symbols.includes(next)) return undefined;
    this.#at++;
    return next;
  }

  #sum(): number {
    let value = this.#product();
    for (let sign = this.#take("+-"); sign !== undefined; sign = this.#take("+-")) {
      const next = this.#product();
      value = sign === "+" ? value + next : value - next;
    }
    return value;
  }

  #product(): number {
    let value = this.#signed();
    for (let sign = this.#take("*/"); sign !== undefined; sign = this.#take("*/")) {
      const next = this.#signed();
      value = sign === "*" ? value * next : value / next;
    }
    return value;
  }

  #signed(): number {
    const sign = this.#take("+-");
    if (sign !== undefined) return sign === "-" ? -this.#signed() : this.#signed();
    const base = this.#operand();
    return this.#take("^") === undefined ? base : base ** this.#signed();
  }

  #operand(): number {
    if (this.#take("(") !== undefined) {
      const value = this.#sum();
      if (this.#take(")") === undefined) throw UNREADABLE;
      return value;
    }
    const digits = OPERAND.exec(this.#text.slice(this.#at))?.[0];
    const value = digits === undefined ? null : parseNumber(digits);
    if (digits === undefined || value === null) throw UNREADABLE;
    this.#at += digits.length;
    return value;
  }
}
