/** How far a number may be from the gold one: the larger of both allowances counts. */
export interface NumericTolerance {
  /** Share of the gold number's size, ≥ 0. */
  readonly rel: number;
  /** ≥ 0, in the unit of the numbers. */
  readonly abs: number;
}

const MAX_LENGTH = 64;
/** Digits in groups of three, or in one run, with a fraction and a power of ten. */
const DECIMAL = /^(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[+-]?\d{1,3})?$/i;
const CURRENCY = /^[$€£¥]\s*/;

/**
 * The number that a text is: thousands separators, a currency sign before it, `%` (a hundredth) after it, fractions `a/b` and mixed ones
 * `n a/b`, powers of ten `1e-6`, a full stop at the end. Units and words make it no number.
 *
 * @returns null when the text is not one finite number, or is longer than 64 characters
 * @complexity O(length), pure
 * @example parseNumber("$1,234.50") // → 1234.5
 */
export function parseNumber(text: string): number | null {
  const written = text.trim().replace(/\.$/, "");
  if (written.length === 0 || written.length > MAX_LENGTH) return null;
  const [, sign = "", unsigned = ""] = /^([+\-\u2212]?)\s*(.*)$/s.exec(written)!;
  const bare = unsigned.replace(CURRENCY, "");
  const percent = bare.endsWith("%");
  const size = parseUnsigned(percent ? bare.slice(0, -1).trimEnd() : bare);
  if (size === null || !Number.isFinite(size)) return null;
  const value = percent ? size / 100 : size;
  return sign === "-" || sign === "\u2212" ? 0 - value : value;
}

function parseUnsigned(text: string): number | null {
  const slash = text.indexOf("/");
  if (slash < 0) return parseDecimal(text);
  const [, whole = "0", over = ""] = /^(?:(\d+)\s+)?(\S+)\s*$/.exec(text.slice(0, slash)) ?? [];
  const parts = [whole, over, text.slice(slash + 1).trim()].map(parseDecimal);
  if (parts.some((part) => part === null)) return null;
  return parts[0]! + parts[1]! / parts[2]!;
}

function parseDecimal(text: string): number | null {
  return /\d/.test(text) && !/^e/i.test(text) && DECIMAL.test(text) ? Number(text.replaceAll(",", "")) : null;
}

/** Whether two numbers agree: |a − gold| ≤ max(abs, rel · |gold|). */
export function agrees(value: number, gold: number, { rel, abs }: NumericTolerance): boolean {
  return Math.abs(value - gold) <= Math.max(abs, rel * Math.abs(gold));
}

/**
 * Whether two texts are the same number: |a − gold| ≤ max(abs, rel · |gold|).
 *
 * @returns 1 or 0; null when one of them is not a number
 * @complexity O(length), pure
 * @example numericMatch("50%", "0.5", { rel: 1e-3, abs: 1e-6 }) // → 1
 */
export function numericMatch(prediction: string, gold: string, tolerance: NumericTolerance): 0 | 1 | null {
  const value = parseNumber(prediction);
  const wanted = parseNumber(gold);
  if (value === null || wanted === null) return null;
  return agrees(value, wanted, tolerance) ? 1 : 0;
}

const NUMBER_IN_TEXT = /[+\-\u2212]?[$€£¥]?(?:\d+(?:,\d+)*(?:\.\d+)?|\.\d+)(?:\/\d+)?(?:\s*%)?/g;
/** Words behind a number that are a part of it. */
const SCALES: Readonly<Record<string, number>> = { percent: 0.01, hundred: 1e2, thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };
const SCALE = /^[\s-]{0,4}(per\s?cent|hundred|thousand|million|billion|trillion)(?![\p{L}\p{N}])/iu;

/** What makes another number of the one beside it: `\sqrt{2}`, `25π`, `2^n`, `10⁵`, `3i`, `2x`, `5 and a half`, `$5!$`. */
const CALCULATES: readonly RegExp[] = [
  /\\(?:sqrt|pi|ln|log|exp|sin|cos|tan|sec|csc|cot|arc[a-z]{3}|pm|mp|neg?|times|cdot|binom|infty)(?![a-zA-Z])|[√π±∞≠¬]/,
  /(?<!\p{L})(?:sqrt|pi)(?!\p{L})|(?<!\p{L})(?:ln|log|sin|cos|tan)\s{0,4}\(?\d/u,
  /[\d)}]\s{0,4}(?:\^(?!\s{0,4}\{?\s{0,4}(?:\\circ|\\?(?:text|mathrm)|th|st|nd|rd))|[⁰¹²³⁴-⁹ⁿ])|\^\s{0,4}\{?\s{0,4}[-+]?\d/,
  /\d(?:[ixyzn]|\s{0,4}\\(?:mathrm|text)\s{0,4}\{\s{0,4}[ixyzn]\s{0,4}\})(?![\p{L}\p{N}'’])/u,
  /\d\s{1,4}and\s(?:an?|one|three)[\s-](?:half|third|quarter|fifth|tenth)/,
  /\d\s{0,4}!{1,4}\s{0,4}(?:\$|\\[)\]])/,
];
/** A factorial, where it is known that the whole is a formula. */
const FACTORIAL = /\d\s{0,4}!/;
/** What says before a number that it is another one. */
const ANOTHER =
  /(?:(?<![\p{L}\p{N}])(?:not|(?:less|fewer|smaller|more|greater|larger|other)\s{1,4}than)|(?<![-=]|<[^<>]{0,20})[<>]=?|[≤≥]|\\(?:[lg]e(?:q(?:slant)?)?|[lg]t)(?![a-zA-Z]))[\s$€£¥\\(]{0,8}$/iu;
/** A word for the sign of the number behind it. */
const NEGATIVE = /(?<![\p{L}\p{N}])(?:negative|minus)[\s$€£¥]{0,8}$/iu;

/**
 * The number that an answer states, with words or units around it, in LaTeX or not: `about $18 a day`, `x = 42`, `1{,}000`, `2 million`.
 *
 * @param isFormula whether an exclamation mark can only be a factorial
 * @returns null when the answer holds no number, or several: which one is meant is not guessed
 * @complexity O(length), pure
 * @example statedNumber("42 apples") // → 42
 */
export function statedNumber(answer: string, isFormula = false): number | null {
  return statedQuantity(answer, isFormula)?.value ?? null;
}

/** A number, and whether it is written in per cents, of which the value is hundredths. */
export interface StatedQuantity {
  readonly value: number;
  readonly perCent: boolean;
}

/**
 * The number that an answer states, as {@link statedNumber} reads it, and how.
 *
 * @example statedQuantity("25 percent")?.perCent // → true
 */
export function statedQuantity(answer: string, isFormula = false): StatedQuantity | null {
  if (isFormula && FACTORIAL.test(answer)) return null;
  const plain = withoutLatex(answer);
  const whole = parseNumber(plain);
  if (whole !== null) return { value: whole, perCent: plain.includes("%") };
  const [only, ...others] = plain.matchAll(NUMBER_IN_TEXT);
  if (only === undefined || others.length > 0 || CALCULATES.some((sign) => sign.test(plain))) return null;
  const size = parseNumber(only[0]);
  const before = plain.slice(0, only.index);
  if (size === null || ANOTHER.test(before)) return null;
  const value = NEGATIVE.test(before) ? 0 - Math.abs(size) : size;
  const word = SCALE.exec(plain.slice(only!.index + only![0].length))?.[1]
    ?.toLowerCase()
    .replace(/\s/, "");
  const scale = word === undefined ? 1 : SCALES[word]!;
  return { value: scale < 1 ? value / 100 : value * scale, perCent: scale < 1 || only![0].endsWith("%") };
}

/**
 * Whether two quantities agree: by value, or where one is in per cents and the other a plain number from 1 on, by the numbers as they are
 * written. Who is asked for a percentage answers `25` or `25%`.
 *
 * @example agreesAsWritten({ value: 0.25, perCent: true }, { value: 25, perCent: false }, { rel: 0, abs: 0 }) // → true
 */
export function agreesAsWritten(given: StatedQuantity, gold: StatedQuantity, tolerance: NumericTolerance): boolean {
  if (agrees(given.value, gold.value, tolerance)) return true;
  if (given.perCent === gold.perCent || Math.abs(given.perCent ? gold.value : given.value) < 1) return false;
  const written = ({ value, perCent }: StatedQuantity) => (perCent ? value * 100 : value);
  return agrees(written(given), written(gold), tolerance);
}

/** Square and cubic units: their powers are no numbers of the answer. */
const UNIT_POWER =
  /((?:\\(?:text|mathrm|mbox)\s{0,4}\{[^{}\d]{0,40}\}|\d\s{0,4}(?:[mck]?m|ft|in|yd|mi|units?|inches|feet)))\s{0,4}\^\s{0,4}(?:[23]|\{\s{0,4}[23]\s{0,4}\})/g;

/** Numbers as plain text has them: LaTeX writes `1{,}000`, `50\%`, `\$5`, `2\frac{1}{2}` and `\frac12`. */
function withoutLatex(answer: string): string {
  return answer
    .replace(/(\d)(?:\{,\}|\\,|,?\\!\s{0,2})(?=\d{3}(?!\d))/g, "$1,")
    .replace(/\\(?=[%$])/g, "")
    .replace(UNIT_POWER, "$1")
    .replace(/(\d?)\\[dt]?frac\s{0,4}(?:\{(\d+)\}|(\d))\s{0,4}(?:\{(\d+)\}|(\d))/g, (_, whole, over, oneOver, under, oneUnder) => {
      return `${whole === "" ? "" : `${whole} `}${over ?? oneOver}/${under ?? oneUnder}`;
    });
}
