import { foldAnswer } from "../exact-match.ts";
import { toExpression } from "./expression.ts";
import { readMatrix } from "./matrix.ts";
import { toLatex } from "./unicode.ts";

/** A mathematical answer: one formula, or several with the brackets around them. */
export interface MathAnswer {
  /** `()`, `[)` and so on for tuples and intervals, `{}` for sets, of which only the members say something, `,` for lists, in which one may stand twice, `\cup` for what is united, the width of a matrix; empty for one formula. */
  readonly brackets: string;
  readonly parts: readonly Formula[];
}

/** One formula: an expression that can be computed, and a text to compare where it cannot. */
export interface Formula {
  readonly expression: string | null;
  readonly text: string;
  /** The whole numbers that the text runs together: `\frac{1}{23}` and `\frac{12}{3}`, `1 2` and `12`. */
  readonly digits: string;
  /** What the signs of an equation or an inequality stand between, and the signs; absent where it is neither. */
  readonly relation?: { readonly signs: readonly string[]; readonly sides: readonly Formula[] };
  /** Its value where it is a ratio of two numbers, `3:4`. */
  readonly quotient?: Formula;
  /** What stands before its sign of per cents. */
  readonly points?: Formula;
  /** The tuple, interval or set that it is, among others. */
  readonly members?: MathAnswer;
  /** Whether the text leaves out what decides its value: `2^{10}` and `(2)(10)` leave the digits of 210. */
  readonly isBuilt: boolean;
}

const MAX_PARTS = 20;
/** How deep tuples and sets are looked into; what is deeper is a text. */
const MAX_NESTING = 2;
/** Words that set answers apart as a comma does, with the comma that may stand before them. */
const AND = /(?:,\s{0,8})?(?:\\text\s*\{\s*(?:and|or)\s*\}|(?<=[\s,)\]}])(?:and|or)(?:\s|(?=[([{\\])))/g;
/** The name that an answer gives its value, as `x =`, `f(3) =`, `AB =`, `\angle ABC =` and `x \in`. */
const NAMED =
  /^((?:m?\\angle\s*)?[A-Z]{2,4}|\|[A-Z]{2}\||[a-zA-Z](?:_(?:\w+|\{\w+\}))?(?:\((?:[a-zA-Z]|-?\d{1,4})\))?)\s*(?:=(?!=)|\\(?:in|approx)(?![a-zA-Z]))/;

/**
 * Reads an answer in LaTeX or plain text: `\frac{1}{2}`, `x = 5`, `(1, 2]`, `x \in (1, 2) \cup (3, 4)`, `\{1, 2\}`, `1 \text{ or } 2`, `3 \pm \sqrt{2}`, `1,000`, `2√3`.
 *
 * @returns null when nothing is there to compare
 * @complexity O(length), pure
 */
export function readMathAnswer(answer: string): MathAnswer | null {
  const bare = toLatex(unwrapped(answer))
    .replace(/(\d)(?:\{,\}|\\,|,?\\!\s{0,2})(?=\d{3}(?!\d))/g, "$1")
    // A thin space holds the sign that sets answers apart.
    .replace(/(?<!\\)\\[,;:! ]/g, " ")
    .trim()
    .replace(/^(?:=|\\approx(?![a-zA-Z]))\s*/, "");
  // "x = 1, y = 2" says which value is whose.
  const names = new Set(splitAtCommas(bare.replace(AND, ",")).map((part) => NAMED.exec(part.trim())?.[1]));
  names.delete(undefined);
  const [named = "", name] = names.size > 1 ? [] : (NAMED.exec(bare) ?? namesOfTuple(bare));
  const value = bare.slice(named.length).trim();
  const united = RELATIONS.test(value) || /\\cap(?![a-zA-Z])/.test(value) ? [] : splitOutside(value, "\\cup").map(ungrouped);
  if (united.length > MAX_PARTS) return null;
  if (united.length > 1) return { brackets: "\\cup", parts: united.map((part) => formulaOf(part, 1)) };
  const list = ungrouped(value).replace(AND, ",");
  // "x = 1 or x = 2" names the same again.
  const body = (name === undefined ? list : list.replace(new RegExp(`,\\s*${name.replace(/\W/g, "\\$&")}\\s*=(?!=)`, "g"), ",")).trim();
  if (body === "") return null;
  const builder = SET_BUILDER.exec(body.replace(/\\(?:left|right)(?![a-zA-Z])\s*/g, ""));
  if (builder !== null && RELATIONS.test(builder[2]!)) return readMathAnswer(builder[2]!);
  if (body === "\\emptyset") return { brackets: "{}", parts: [] };
  const enclosed = enclosedIn(body, 0);
  if (enclosed !== undefined) return enclosed;
  // LaTeX does not show these, and plain text means a set.
  if (body.startsWith("{") && closesAtEnd(body)) return readMathAnswer(body.slice(1, -1));
  if (splitAtCommas(body).length > 1) return severalOf(",", body, 0);
  if (bothSigns(body).length > 1) return severalOf("{}", body, 0);
  return { brackets: "", parts: [formulaOf(body, 0)] };
}

/** What a set is told by, as `\{x \mid x > 2\}`, of real numbers. */
const SET_BUILDER =
  /^\\\{\s*([a-zA-Z])\s*(?:\\in\s*\\mathbb\s*\{?R\}?\s*)?(?:\\mid(?![a-zA-Z])|[|:])((?:(?!\\mid(?![a-zA-Z])|[|:])[\s\S])+)\\\}$/;

/** The names that an answer gives a tuple, as `(x, y) =`. Out of their order in the alphabet they say which value is whose. */
function namesOfTuple(text: string): [named: string] | [] {
  const [named, list = ""] =
    /^(?:\\left\s*)?\(((?:\s*[a-zA-Z](?:_\w+)?\s*,)+\s*[a-zA-Z](?:_\w+)?)\s*(?:\\right\s*)?\)\s*=(?!=)/.exec(text) ?? [];
  const names = list.split(",").map((name) => name.trim());
  return named !== undefined && names.every((name, i) => i === 0 || names[i - 1]! < name) ? [named] : [];
}

/** What one pair of brackets holds: a matrix, a set, or with commas in it a tuple or an interval. Undefined where it is neither, null of too many parts. */
function enclosedIn(text: string, depth: number): MathAnswer | null | undefined {
  const bare = text.replace(/\\(?:left|right)(?![a-zA-Z])\s*/g, "").trim();
  const rows = readMatrix(bare);
  if (rows !== null) return { brackets: `${rows[0]!.length}`, parts: rows.flat().map((cell) => formulaOf(cell, depth + 1)) };
  const [, open, inner, close] = /^(\\\{|[([])([\s\S]*?)(\\\}|[)\]])$/.exec(bare) ?? [];
  if (inner === undefined || !closesAtEnd(bare)) return undefined;
  if (open === "\\{") return close === "\\}" ? severalOf("{}", inner, depth) : undefined;
  return close === "\\}" || JOINED.test(bare) || splitAtCommas(inner).length < 2 ? undefined : severalOf(`${open}${close}`, inner, depth);
}

/** Whether the first bracket of a text closes with its last character, so that `(1,2),(3,4)` is no tuple. */
function closesAtEnd(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if ("([{".includes(text[at]!)) depth++;
    else if (")]}".includes(text[at]!) && --depth === 0) return at === text.length - 1;
  }
  return false;
}

/** Without the commas that group the digits of numbers. */
function ungrouped(text: string): string {
  return isTightList(text.trim()) ? text : text.replace(/(\d),(?=\d{3}(?!\d))/g, "$1");
}

/** Whether all stands in brackets and no comma has a space behind it: then one before three digits sets apart as well, as in `(100,200)`. */
function isTightList(text: string): boolean {
  return /^(?:\\left\s*)?(?:\\\{|[([])[\s\S]*[)\]}]$/.test(text) && !/,\s/.test(text);
}

function severalOf(brackets: string, inner: string, depth: number): MathAnswer | null {
  if (inner.trim() === "") return { brackets, parts: [] };
  const parts = brackets === "{}" || brackets === "," ? splitAtCommas(inner).flatMap(bothSigns) : splitAtCommas(inner);
  return parts.length > MAX_PARTS ? null : { brackets, parts: parts.map((part) => formulaOf(part, depth + 1)) };
}

/** `3 \pm x` as the two that it says; of several such signs it is not told which go together. */
function bothSigns(formula: string): string[] {
  const [before, behind, ...others] = formula.split(/\\pm(?![a-zA-Z])/);
  return behind === undefined || others.length > 0 ? [formula] : [`${before}+${behind}`, `${before}-${behind}`];
}

/** Commands that change how a formula looks, and no value. */
const LOOKS = /\\(?:text|mathrm|textbf|mathbf|boldsymbol|bm|left|right)\b|(?<!\\)\\[,:;!$ ]/g;
/** Powers, commands and the like, and brackets that multiply. */
const BUILT = /[\^_*|!\\]|\w\s*\(|\)\s*[\w(]/;
/** Signs that say something in a text too: those of relations, sets and powers, of ratios and of bases, of columns and rows. */
const SIGNS = /((?!~)[\p{Sm}^:_&]|\\\\)/u;
/** Of intervals that are joined, brackets say whether their ends belong to them. */
const JOINED = /\\c[au]p(?![a-zA-Z])/;
const SIGNS_OF_INTERVALS = /((?!~)[\p{Sm}^:_&()[\],]|\\\\)/u;

/** Signs of equations and inequalities, as {@link toLatex} leaves them. */
const RELATIONS = /([<>=]|\\(?:le|ge|ne|lt|gt|approx)(?![a-zA-Z]))/;
/** A mark behind a letter, which is another letter then; behind a word it is an apostrophe. */
const PRIME = /(?<![\p{L}'‘])(\p{L})(['′’]+)(?![\p{L}'′’])/gu;

/** Words behind a number that say what the signs say that are left out, `\$` and `^\circ`. No others: of "5 million" the word is half the number. */
const UNIT = /(?<=[\d}])\s{0,8}(?:dollars?|degrees?)$/i;

function formulaOf(text: string, depth: number): Formula {
  const bare = text.trim().replace(UNIT, "");
  const plain = bare.replace(LOOKS, "").replace(PRIME, (_, letter, marks) => `${letter}^${"\\prime".repeat(marks.length)}`);
  const signs = JOINED.test(plain) ? SIGNS_OF_INTERVALS : SIGNS;
  const words = plain.split(signs).map((part) => (signs.test(part) ? part : foldAnswer(part)));
  const whole = {
    expression: toExpression(bare),
    text: words.join("").replaceAll(" ", ""),
    digits: digitsOf(plain),
    isBuilt: BUILT.test(plain),
  };
  const members = depth < MAX_NESTING ? enclosedIn(bare, depth) : undefined;
  if (members) return { ...whole, members };
  const [over, under, ...others] = bare.split(":").map(toExpression);
  if (over && under && others.length === 0 && !/[a-z]_/.test(over + under) && !/\\(?:text|mathrm)/.test(bare)) {
    return { ...whole, quotient: { ...whole, expression: `(${over})/(${under})`, text: "" } };
  }
  const points = /^([^%]*[^%\\\s])\s*\\?%$/.exec(bare)?.[1];
  if (points !== undefined && !RELATIONS.test(bare)) return { ...whole, points: formulaOf(points, depth) };
  if (!RELATIONS.test(bare)) return whole;
  const pieces = bare.split(RELATIONS);
  const sides = pieces.filter((_, i) => i % 2 === 0).map((side) => formulaOf(side, depth));
  // Brackets of vectors and arrows are made of these signs too.
  if (sides.some((side) => side.text === "")) return whole;
  return { ...whole, relation: { signs: pieces.filter((_, i) => i % 2 === 1), sides } };
}

/** The whole numbers of a formula, apart. As LaTeX reads it, `\frac12` has two. */
function digitsOf(plain: string): string {
  const grouped = plain.replace(/(\d)[\s,]+(?=\d{3}(?!\d))/g, "$1").replace(/(frac\s*\d)(?=\d)/g, "$1 ");
  return (grouped.match(/\d+/g) ?? []).join(" ");
}

/** Without the marks of formulas, around it and in it, and the full stop after it. */
function unwrapped(answer: string): string {
  const body = answer.trim().replace(/\.$/, "");
  const inner = /^\$\$?([^$]*)\$\$?$/.exec(body) ?? /^\\\(([\s\S]*)\\\)$/.exec(body) ?? /^\\\[([\s\S]*)\\\]$/.exec(body);
  return withoutMarks(inner?.[1] ?? body)
    .trim()
    .replace(/\.$/, "");
}

/** `$1$ and $2$` without its dollars; one alone is money. */
function withoutMarks(text: string): string {
  const marks = /(?<!\\)\$/g;
  const plain = text.replace(/\\[()]/g, " ");
  return (plain.match(marks) ?? []).length % 2 === 0 ? plain.replace(marks, "") : plain;
}

/** Parts between the commas, or semicolons where there are any, that stand outside all brackets. */
function splitAtCommas(text: string): string[] {
  const parts = splitOutside(text, ";");
  return parts.length > 1 ? parts : splitOutside(text, ",");
}

/** Parts between the signs that stand outside all brackets. */
function splitOutside(text: string, sign: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if ("([{".includes(text[at]!)) depth++;
    else if (")]}".includes(text[at]!)) depth--;
    else if (depth === 0 && text.startsWith(sign, at)) {
      parts.push(text.slice(start, at));
      start = at + sign.length;
    }
  }
  return [...parts, text.slice(start)];
}
