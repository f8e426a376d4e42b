import type { Formula, MathAnswer } from "./answer.ts";

const VARIABLE = /^(?:v_[a-zA-Z]\w*|[a-z]+_)$/;
const REALS = new Set(["mathbbr", "allrealnumbers"]);
const UPWARD: Readonly<Record<string, string>> = { ">": "<", "\\ge": "\\le" };

/** The value of a formula: infinite of `\infty`, NaN where it has variables or cannot be computed. */
type Evaluation = (formula: Formula) => number;

/** Whether brackets are those of an interval, which a pair may have too. */
export function isInterval(brackets: string): boolean {
  return /^[([][)\]]$/.test(brackets);
}

/**
 * The intervals that an answer is made of, written as such or as inequalities of one variable: `x \ge 3` is `[3, \infty)`, `x < 1 or x > 3` two.
 * Inequalities that overlap are none: whether both hold or either does is not told.
 *
 * @returns tuples of two with the brackets of their ends; null where something else is in it
 * @complexity O(parts), pure
 */
export function readIntervals({ brackets, parts }: MathAnswer, valueIn: Evaluation): MathAnswer[] | null {
  if (isInterval(brackets)) return parts.length === 2 ? [{ brackets, parts }] : null;
  if (brackets === "" && REALS.has(parts[0]!.text)) return [interval("(", infinite("-"), infinite(""), ")")];
  if (brackets === "\\cup") {
    const members = parts.map((part) => part.members);
    return members.every((member) => member !== undefined && isInterval(member.brackets)) ? (members as MathAnswer[]) : null;
  }
  if (!["", ",", "{}"].includes(brackets)) return null;
  const read = parts.map(({ relation }) => (relation === undefined ? null : intervalsOf(relation, valueIn)));
  const variables = new Set(parts.map(({ relation }) => relation?.sides.find(isVariable)?.text));
  const intervals = read.flatMap((some) => some ?? []);
  return read.includes(null) || variables.size !== 1 || overlap(intervals, valueIn) ? null : intervals;
}

function intervalsOf({ signs, sides }: NonNullable<Formula["relation"]>, valueIn: Evaluation): MathAnswer[] | null {
  const isDownward = Object.hasOwn(UPWARD, signs[0]!);
  const rising = isDownward ? sides.toReversed() : sides;
  const at = rising.findIndex(isVariable);
  const [lower = infinite("-"), upper = infinite("")] = [rising[at - 1], rising[at + 1]];
  const others = rising.filter((_, i) => i !== at);
  if (at < 0 || at > 1 || rising.length > at + 2 || others.some((side) => Number.isNaN(valueIn(side)))) return null;
  if (signs.join() === "\\ne") return [interval("(", infinite("-"), others[0]!, ")"), interval("(", others[0]!, infinite(""), ")")];
  const ends = (isDownward ? signs.toReversed() : signs).map((sign) => (isDownward ? UPWARD[sign] : sign));
  if (ends.some((sign) => sign !== "<" && sign !== "\\le")) return null;
  return [interval(at > 0 && ends[0] === "\\le" ? "[" : "(", lower, upper, at < rising.length - 1 && ends.at(-1) === "\\le" ? "]" : ")")];
}

function overlap(intervals: readonly MathAnswer[], valueIn: Evaluation): boolean {
  const ends = intervals.map(({ parts }) => parts.map(valueIn)).sort(([a], [b]) => a! - b!);
  return ends.some(([lower], i) => i > 0 && !(ends[i - 1]![1]! <= lower!));
}

function isVariable({ expression }: Formula): boolean {
  return expression !== null && VARIABLE.test(expression);
}

function interval(open: string, lower: Formula, upper: Formula, close: string): MathAnswer {
  return { brackets: open + close, parts: [lower, upper] };
}

function infinite(sign: string): Formula {
  return { expression: null, text: `${sign}infty`, digits: "", isBuilt: false };
}
