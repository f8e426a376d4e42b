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
const PART = /[\d.,+\-\u2212*/×÷^() $€£x]/;
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
 * The claims "expression = number" of a text, such as `12 * 4 = $48`. An expression holds digits, `+ - * / ^ × ÷ x`, parentheses and
 * currency signs, and at least one operation.
 *
 * @returns in order, at most 200
 * @complexity O(length), pure
 * @example findClaims("That is 3 x 20 = 60 students.") // → [{ expression: "3 x 20", value: 60 }]
 */
export function findClaims(text: string): ArithmeticClaim[] {
  const claims: ArithmeticClaim[] = [];
  for (let at = text.indexOf("="); at >= 0 && claims.length < MAX_CLAIMS; at = text.indexOf("=", at + 1)) {
    const expression = expressionBefore(text, at);
    const value = valueAfter(text, at + 1);
    if (expression !== undefined && value !== null) claims.push({ expression, value });
  }
  return claims;
}

function expressionBefore(text: string, end: number): string | undefined {
  let start = end;
  while (start > 0 && end - start <= MAX_EXPRESSION && PART.test(text[start - 1]!)) start--;
  if (end - start > MAX_EXPRESSION) return undefined;
  // The run may begin in the punctuation of a sentence: "5 apples, 2 * 3 = 6" reads ", 2 * 3".
  const expression = text
    .slice(start, end)
    .replace(/^[\s.,x×*/÷^)+]+/, "")
    .trim();
  return /\d\s*[+\-\u2212*/×÷^x]/.test(expression) && evaluateArithmetic(expression) !== null ? expression : undefined;
}

function valueAfter(text: string, start: number): number | null {
  const match = /^\s*(?:[-\u2212]\s*)?[$€£]?\s*[\d][\d,]*(?:\.\d+)?%?/.exec(text.slice(start, start + 64))?.[0];
  return match === undefined ? null : parseNumber(match.replace(/,$/, ""));
}

/**
 * Value of an arithmetic expression of numbers, `+ - * / ^` (also `× ÷ x`), signs and parentheses; currency signs are passed over. Powers
 * bind right to left and before a sign: -2^2 is −4.
 *
 * @returns null when it does not parse, divides by 0, is longer than 200 characters, or has no finite value
 * @complexity O(length), pure: nothing is executed
 * @example evaluateArithmetic("7+5*2") // → 17
 */
export function evaluateArithmetic(expression: string): number | null {
  if (expression.length > MAX_EXPRESSION) return null;
  try {
    const reader = new ExpressionReader(expression);
    const value = reader.readAll();
    return Number.isFinite(value) ? value : null;
  } catch (error) {
    if (error instanceof GatewayError) return null;
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
    if (this.#at < this.#text.length) throw unreadable();
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
      if (this.#take(")") === undefined) throw unreadable();
      return value;
    }
    const digits = OPERAND.exec(this.#text.slice(this.#at))?.[0];
    const value = digits === undefined ? null : parseNumber(digits);
    if (digits === undefined || value === null) throw unreadable();
    this.#at += digits.length;
    return value;
  }
}

function unreadable(): GatewayError {
  return new GatewayError("REQUEST_INVALID", "the text is not an arithmetic expression");
}
