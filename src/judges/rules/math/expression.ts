/** Functions by the names that plain text and LaTeX give them, and their names in the evaluator. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  sin: "sin",
  cos: "cos",
  tan: "tan",
  sec: "sec",
  csc: "csc",
  cot: "cot",
  arcsin: "asin",
  arccos: "acos",
  arctan: "atan",
  sinh: "sinh",
  cosh: "cosh",
  tanh: "tanh",
  ln: "log",
  log: "log10",
  lg: "log10",
  exp: "exp",
  sqrt: "sqrt",
  abs: "abs",
};
/** Functions of angles, which may be in degrees. */
const OF_ANGLES = new Set(["sin", "cos", "tan", "sec", "csc", "cot"]);
/** A power that negative numbers have too: of an odd root. */
const ODD_ROOT = /^\(+(\d{1,3})\)*\/\(*(\d{0,2}[13579])\)+$/;
/** What −1 behind the name of a function says; behind its argument it is a power. */
const INVERSES: Readonly<Record<string, string>> = { sin: "asin", cos: "acos", tan: "atan" };
const GREEK = new Set("alpha beta gamma delta epsilon theta lambda mu nu xi rho sigma tau phi varphi chi psi omega".split(" "));
const OPERATORS: Readonly<Record<string, string>> = {
  "\\cdot": "*",
  "\\times": "*",
  "\\div": "/",
  "×": "*",
  "·": "*",
  "÷": "/",
  "−": "-",
  "∗": "*",
};
const FRACTIONS = new Set(["\\frac", "\\dfrac", "\\tfrac", "\\cfrac"]);
const BINOMIALS = new Set(["\\binom", "\\dbinom", "\\tbinom"]);
/** What only changes how a formula looks. */
const LOOKS = new Set([
  "\\left",
  "\\right",
  "\\mathbf",
  "\\boldsymbol",
  "\\bm",
  "\\,",
  "\\!",
  "\\;",
  "\\:",
  "\\ ",
  "\\quad",
  "\\displaystyle",
  "\\$",
  "$",
  "\\big",
  "\\Big",
  "~",
]);
const TEXTS = new Set(["\\text", "\\textbf", "\\mathrm", "\\mbox", "\\textit"]);
/**
 * A text behind a number that is no unit of it: a number in it, set off, goes on with the number or is another answer, a comma stands in place
 * of "or", and words deny or change it.
 */
const NO_UNIT =
  /\\(?:text|textbf|mathrm|mbox|textit)\s*\{(?:[-+.]?\d|\s*(?:squared|cubed)\b|[^{}]*(?:,|[\s;:(/=<>*+-][-+.]?\d|\b(?:x?n?or|not|and|but|if|unless|when|plus|minus|half|wrong|false)\b))/i;
/** Words behind a number that are a part of it. */
const SCALES: Readonly<Record<string, string>> = {
  dozen: "12",
  hundred: "10^2",
  thousand: "10^3",
  million: "10^6",
  billion: "10^9",
  trillion: "10^12",
};
/** `1.5e-3` is a number; `2e-3` may be what Euler's number leaves. */
const TOKEN = /\\[a-zA-Z]+|\\.|\d+\.\d+[eE]-\d{1,3}|\d+(?:\.\d+)?[eE]\+?\d{1,3}|\d+(?:\.\d+)?|\.\d+|[a-zA-Z]+|\S/g;
const OPENING = new Set(["(", "[", "{"]);
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Longest formula that is read, UTF-16 units; the depth of its brackets is bounded with it. */
export const MAX_FORMULA = 300;
const MAX_DEPTH = 30;

/** A whole number of more digits than a double holds. */
const LONG = /(?<![\w.])\d{16,}(?![\w.])/g;

class Unreadable extends Error {}

/**
 * A formula in LaTeX or plain text as an expression of `+ - * / ^ !`, parentheses, numbers, functions and variables, every product
 * written out.
 *
 * @returns null when it is longer than 300 characters, or holds what such an expression does not: relations, sums, matrices, words
 * @complexity O(length), pure
 * @example toExpression("2\\frac{1}{2}x") // → "(2+((1)/(2)))*v_x"
 */
export function toExpression(formula: string): string | null {
  if (formula.length > MAX_FORMULA || NO_UNIT.test(formula)) return null;
  try {
    return new FormulaReader(formula.match(TOKEN) ?? []).readAll().replace(LONG, inParts);
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class FormulaReader {
  readonly #tokens: string[];
  #at = 0;
  #depth = 0;
  /** Whether degrees have been read in the argument of a function. */
  #degrees = false;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  readAll(): string {
    const expression = this.#sequence(undefined);
    if (this.#at < this.#tokens.length) throw new Unreadable();
    return expression;
  }

  /** Everything up to `end`, which is left to the caller. */
  #sequence(end: string | undefined): string {
    if (++this.#depth > MAX_DEPTH) throw new Unreadable();
    const parts: string[] = [];
    let operand = false;
    const pushOperand = (text: string) => {
      if (operand) parts.push("*");
      parts.push(text);
      operand = true;
    };
    for (let token = this.#tokens[this.#at]; token !== undefined && token !== end; token = this.#tokens[this.#at]) {
      this.#at++;
      const operator = OPERATORS[token] ?? token;
      if (LOOKS.has(token)) continue;
      if ("+-*/".includes(operator)) {
        parts.push(operator);
        operand = false;
      } else if (token === "!" || token === "%" || token === "\\%") {
        if (!operand) throw new Unreadable();
        parts.push(token === "!" ? "!" : "/100");
      } else if (token === "^") {
        const degrees = this.#isDegrees();
        if (!operand) throw new Unreadable();
        if (!degrees) this.#raise(parts);
      } else if (TEXTS.has(token)) {
        // A unit after a number; a word on its own is no formula.
        if (!operand) throw new Unreadable();
        for (const scale of this.#skipBraces()) parts.push("*", scale);
        if (this.#tokens[this.#at] === "^") this.#skipPower();
        // Of a unit that goes on, `\text{kg} \cdot \text{m} / \text{s}^2`.
        if (["*", "/"].includes(OPERATORS[this.#tokens[this.#at]!] ?? this.#tokens[this.#at]!) && TEXTS.has(this.#tokens[this.#at + 1]!))
          this.#at++;
      } else if (FRACTIONS.has(token)) {
        const fraction = this.#fraction();
        const whole = operand && /^\d+$/.test(parts.at(-1)!) && /^\(\(\d+\)\/\(\d+\)\)$/.test(fraction);
        if (whole) parts.push(`(${parts.pop()}+${fraction})`);
        else pushOperand(fraction);
      } else if (BINOMIALS.has(token)) pushOperand(binomial(this.#digitOrGroup(), this.#digitOrGroup()));
      else if (token === "|") pushOperand(`abs(${this.#absolute()})`);
      else if (OPENING.has(token)) {
        this.#at--;
        pushOperand(this.#group());
      } else if (/^[\d.]/.test(token)) {
        // Two numbers in a row are no product of theirs.
        if (operand && /^[\d.^]+$/.test(parts.at(-1)!)) parts.push(`(${this.#mixed(token, parts)})`);
        else pushOperand(token);
      } else if (operand && Object.hasOwn(SCALES, token)) parts.push("*", SCALES[token]!);
      else for (const factor of this.#factors(token)) pushOperand(factor);
    }
    this.#depth--;
    if (!operand) throw new Unreadable();
    return parts.join("");
  }

  #raise(parts: string[]): void {
    const power = this.#group();
    const [, over, root] = (/[\w)]$/.test(parts.at(-1)!) && ODD_ROOT.exec(power)) || [];
    parts.push(root === undefined ? `^${power}` : `nthRoot(${parts.pop()},${root})^(${over})`);
  }

  /** Functions, constants and variables of a run of letters or a command. */
  *#factors(token: string): Generator<string> {
    const name = token.replace("\\", "");
    if (name === "pi") yield "pi";
    else if (Object.hasOwn(FUNCTIONS, name)) yield this.#application(name);
    else if (token.startsWith("\\")) {
      if (!GREEK.has(name)) throw new Unreadable();
      yield this.#variable(`${name}_`);
    } else if (/^[a-zA-Z]+$/.test(token)) {
      // Letters in a row are a product; four and more are a word.
      if (token.length > 3) throw new Unreadable();
      for (const letter of token.slice(0, -1)) yield `v_${letter}`;
      yield token.at(-1) === "e" && this.#tokens[this.#at] !== "_" ? "e" : this.#variable(`v_${token.at(-1)}`);
    } else throw new Unreadable();
  }

  #variable(name: string): string {
    if (this.#tokens[this.#at] !== "_") return name;
    this.#at++;
    return name + asName(this.#group());
  }

  #application(name: string): string {
    let called = FUNCTIONS[name]!;
    let extra = "";
    if (name === "sqrt" && this.#tokens[this.#at] === "[") {
      called = "nthRoot";
      extra = `,${this.#group()}`;
    }
    if (name === "log" && this.#tokens[this.#at] === "_") {
      this.#at++;
      called = "log";
      // \log_27 has its argument in the same token.
      const isRun = /^\d\d+$/.test(this.#tokens[this.#at] ?? "") && /^(?:[-+*/=)}\]]|\\cdot)?$/.test(this.#tokens[this.#at + 1] ?? "");
      extra = `,${isRun ? this.#digitOrGroup() : this.#group()}`;
    }
    let power = "";
    if (this.#tokens[this.#at] === "^") {
      this.#at++;
      power = `^${this.#group()}`;
      if (power === "^(-1)" || power === "^((-1))") {
        if (!Object.hasOwn(INVERSES, called)) throw new Unreadable();
        [called, power] = [INVERSES[called]!, ""];
      }
    }
    while (LOOKS.has(this.#tokens[this.#at] ?? "")) this.#at++;
    const outer = this.#degrees;
    this.#degrees = false;
    const argument = this.#argument();
    const unit = this.#degrees && OF_ANGLES.has(called) ? "*pi/180" : "";
    this.#degrees = outer;
    return `${called}(${argument}${unit}${extra})${power}`;
  }

  /** What a function takes: a bracket, or a number, a letter or command, or one behind a number, π or ω, `2\pi x`, with its power. */
  #argument(): string {
    if (OPENING.has(this.#tokens[this.#at] ?? "")) return this.#group();
    const scale: string[] = [];
    const isFactor = (token = "") => /^(?:[a-zA-Z]|\\[a-z]+)$/.test(token) && OPERATORS[token] === undefined;
    for (const factor of [/^[\d.]/, /^\\(?:pi|omega)$/]) {
      if (factor.test(this.#tokens[this.#at] ?? "") && isFactor(this.#tokens[this.#at + 1])) scale.push(this.#group(), "*");
    }
    const argument = scale.join("") + this.#group();
    if (this.#tokens[this.#at] !== "^") return argument;
    this.#at++;
    return this.#isDegrees() ? argument : `${argument}^${this.#group()}`;
  }

  /** Up to the bar that closes it; one of a condition, a set or a divisor has none. */
  #absolute(): string {
    const inner = this.#sequence("|");
    if (this.#tokens[this.#at] !== "|") throw new Unreadable();
    this.#at++;
    return inner;
  }

  #fraction(): string {
    return `(${this.#digitOrGroup()}/${this.#digitOrGroup()})`;
  }

  /** A whole number and, behind a space, a part of one: `1 2/3`. The whole number is taken off the parts. */
  #mixed(over: string, parts: string[]): string {
    const [slash, under = "", next = ""] = this.#tokens.slice(this.#at, this.#at + 3);
    const [before = "+", whole = ""] = parts.length > 1 ? parts.slice(-2) : [undefined, parts[0]];
    const isPart = /^\d\d?$/.test(over) && slash === "/" && /^\d+$/.test(under) && Number(over) < Number(under) && !/^[/^!]$/.test(next);
    if (!isPart || !/^\d+$/.test(whole) || !/^[-+]$/.test(before)) throw new Unreadable();
    parts.pop();
    this.#at += 2;
    return `${whole}+((${over})/(${under}))`;
  }

  /** As LaTeX reads what follows `\frac`: of a number or letters without braces, the first one. */
  #digitOrGroup(): string {
    const token = this.#tokens[this.#at] ?? "";
    if (!/^(?:\d\d|[a-zA-Z]{2})/.test(token)) return this.#group();
    this.#tokens[this.#at] = token.slice(1);
    return /\d/.test(token[0]!) ? `(${token[0]})` : `(${[...this.#factors(token[0]!)].join("")})`;
  }

  /** A bracketed sequence, or the next token alone; in parentheses. */
  #group(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Unreadable();
    const close = CLOSING[token];
    if (close !== undefined) {
      this.#at++;
      const inner = this.#sequence(close);
      if (this.#tokens[this.#at] !== close) throw new Unreadable();
      this.#at++;
      return `(${inner})`;
    }
    this.#at++;
    if (FRACTIONS.has(token)) return this.#fraction();
    if (/^\d/.test(token)) return `(${token})`;
    if (token === "-") return `(-${this.#group()})`;
    return `(${[...this.#factors(token)].join("*")})`;
  }

  /** What the words of a text that is skipped make of the number before it: those it begins with, `million` of `million dollars`. */
  #skipBraces(): string[] {
    if (this.#tokens[this.#at] !== "{") throw new Unreadable();
    const start = this.#at + 1;
    while (this.#at < this.#tokens.length && this.#tokens[this.#at] !== "}") this.#at++;
    const words = this.#tokens.slice(start, this.#at++).map((word) => word.toLowerCase());
    const others = words.findIndex((word) => !Object.hasOwn(SCALES, word));
    return words.slice(0, others < 0 ? undefined : others).map((word) => SCALES[word]!);
  }

  /** The power of a unit: square centimetres are no square of their number. */
  #skipPower(): void {
    this.#at++;
    this.#group();
  }

  #isDegrees(): boolean {
    const circle = this.#tokens[this.#at] === "\\circ" ? 1 : this.#tokens.slice(this.#at, this.#at + 3).join("") === "{\\circ}" ? 3 : 0;
    this.#at += circle;
    this.#degrees ||= circle > 0;
    return circle > 0;
  }
}

/** A long number as a sum of what a double holds: `12*10^15+345678901234567`, from the left. */
function inParts(digits: string): string {
  const [first, ...others] = digits.match(/\d{1,15}(?=(?:\d{15})*$)/g)!;
  return others.reduce((sum, part) => `(${sum}*10^15+${part})`, first!);
}

/** A subscript as a part of a name, in which operators tell: `a_{n+1}` is not `a_{n-1}`. */
function asName(group: string): string {
  return group.slice(1, -1).replace(/\W/g, (sign) => `_${sign.charCodeAt(0)}_`);
}

/** The least binomial coefficients of a formula are written out, of a short one: written in each other they would grow without end. */
const MAX_PRODUCT = 6;
const MAX_FACTOR = 40;

/** `n(n − 1)/2` for two of n. */
function product(n: string, chosen: number): string {
  return Array.from({ length: chosen }, (_, i) => `(${n}-${i})/${i + 1}`).join("*");
}

/** How many ways there are to choose `k` of `n`, both whole numbers in parentheses, below 1,000; 0 of fewer than `k`. Of formulas, a variable of its own. */
function binomial(n: string, k: string): string {
  const [of, chosen] = [n, k].map((text) => Number(/^\((\d{1,3})\)$/.exec(text)?.[1])) as [number, number];
  if (Number.isNaN(of) && chosen <= MAX_PRODUCT && n.length <= MAX_FACTOR) return `(${chosen === 0 ? 1 : product(n, chosen)})`;
  if (Number.isNaN(of + chosen)) {
    return n.length + k.length > MAX_FACTOR ? `binom_${asName(n)}__${asName(k)}` : `(${n}!/(${k}!*(${n}-${k})!))`;
  }
  let ways = chosen > of ? 0n : 1n;
  for (let i = 1; i <= Math.min(chosen, of - chosen); i++) ways = (ways * BigInt(of + 1 - i)) / BigInt(i);
  return String(ways);
}
