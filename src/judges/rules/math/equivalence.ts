import type { EvalFunction, MathNode } from "mathjs";
import type { Formula, MathAnswer } from "./answer.ts";
import { type ExactValues, exactValues } from "./exact.ts";
import { isInterval, readIntervals } from "./interval.ts";

/** Whether two answers are the same, numbers within a relative tolerance. */
export type Equivalence = (answer: MathAnswer, gold: MathAnswer, rel: number) => boolean;

const OPERATIONS = new Set(["add", "subtract", "multiply", "divide", "pow", "unaryMinus", "unaryPlus", "factorial"]);
const FUNCTIONS = new Set("sin cos tan sec csc cot asin acos atan sinh cosh tanh log log10 exp sqrt nthRoot abs".split(" "));
const CONSTANTS = new Set(["pi", "e"]);
const VARIABLE = /^(?:v_[a-zA-Z]\w*|[a-z]+_\w*)$/;

/** Points at which expressions with variables are compared, and how many of them have to be in both domains. */
const POINTS = 24;
const ENOUGH = 4;

/** An expression that can be evaluated at a point. */
interface Evaluable {
  readonly variables: ReadonlySet<string>;
  /** Whether it is one of whole numbers: in it are factorials of variables, or powers of negative numbers, `(-1)^n`. */
  readonly isDiscrete: boolean;
  exactly(variables: readonly string[]): ExactValues | null;
  at(point: ReadonlyMap<string, number>): number;
}

/**
 * Loads the evaluator. Two expressions are the same when they agree at points that are drawn once and for all, as two different
 * roots or exponentials do not; two rational ones when they are exactly the same there. What the parser makes of an expression is looked through before anything is computed: numbers,
 * variables, arithmetic and a list of functions.
 *
 * @returns a comparison, O(length · points), of bounded cost
 * @see Schwartz 1980, Fast Probabilistic Algorithms for Verification of Polynomial Identities
 */
export async function loadEquivalence(): Promise<Equivalence> {
  // Loaded for those who use it: it takes time and memory at start.
  const { parse } = await import("mathjs/number");
  const known = new WeakMap<Formula, Evaluable | null>();
  /** Once a formula: those of a set are compared with all of another. */
  const read = (formula: Formula): Evaluable | null => {
    let evaluable = known.get(formula);
    if (evaluable === undefined) {
      evaluable = evaluableOf(formula);
      known.set(formula, evaluable);
    }
    return evaluable;
  };
  const evaluableOf = ({ expression }: Formula): Evaluable | null => {
    if (expression === null) return null;
    let node: MathNode;
    try {
      node = parse!(expression);
    } catch {
      return null;
    }
    const variables = new Set<string>();
    let plain = true;
    node.traverse((part, path, parent) => {
      plain &&= isPlain(part, path === "fn" && parent?.type === "FunctionNode", variables);
    });
    if (!plain) return null;
    const code = node.compile();
    const exact = new Map<string, ExactValues | null>();
    const exactly = (names: readonly string[]) => {
      const key = names.join();
      if (!exact.has(key)) exact.set(key, exactValues(node, names));
      return exact.get(key)!;
    };
    let isDiscrete = false;
    node.traverse((part) => {
      isDiscrete ||= isOfWholeNumbers(part);
    });
    return { variables, isDiscrete, exactly, at: (point) => valueAt(code, point) };
  };
  const same = (a: Formula, b: Formula, rel: number): boolean => {
    if (a.members !== undefined || b.members !== undefined) {
      return a.members !== undefined && b.members !== undefined && equivalent(a.members, b.members, rel);
    }
    if (a.relation !== undefined && b.relation !== undefined) {
      const { signs, sides } = a.relation;
      const holds = (other: NonNullable<Formula["relation"]>) =>
        signs.join() === other.signs.join() && sides.every((side, i) => same(side, other.sides[i]!, rel));
      return holds(b.relation) || holds(mirrored(b.relation));
    }
    if (a.relation !== undefined || b.relation !== undefined) {
      const value = valueOfChain(a.relation ?? b.relation!, rel);
      return value === undefined ? isSameText(a, b) : same(value, a.relation === undefined ? a : b, rel);
    }
    if ((a.quotient === undefined) !== (b.quotient === undefined)) return same(a.quotient ?? a, b.quotient ?? b, rel);
    // Who is asked for a percentage answers `25` or `25\%`.
    if ((a.points === undefined) !== (b.points === undefined)) {
      const plain = read(a.points === undefined ? a : b);
      if (plain?.variables.size === 0 && Math.abs(plain.at(NOWHERE)) >= 1 && same(a.points ?? a, b.points ?? b, rel)) return true;
    }
    const [left, right] = [read(a), read(b)];
    const computable = left !== null && right !== null;
    // Words and units are the same where their texts are; of formulas a text says too little.
    if (isSameText(a, b) && !(computable && (a.isBuilt || b.isBuilt))) return true;
    if (!computable || a.expression === b.expression) return computable;
    return agree(left, right, rel);
  };
  /** What `\\frac{10}{2} = 5` says: sides that are all the same, but that behind `\\approx` the first is rounded. Undefined of an equation. */
  const valueOfChain = ({ signs, sides }: NonNullable<Formula["relation"]>, rel: number): Formula | undefined => {
    const [first, ...others] = sides as [Formula, ...Formula[]];
    const holds = (side: Formula, i: number) =>
      signs[i] === "\\approx" ? Math.abs(valueIn(side) - valueIn(first)) <= roundingOf(side) : signs[i] === "=" && same(side, first, rel);
    return others.every(holds) ? first : undefined;
  };
  const valueIn = (formula: Formula): number => {
    if (formula.text === "infty" || formula.text === "-infty") return formula.text === "infty" ? Infinity : -Infinity;
    const evaluable = read(formula);
    return evaluable?.variables.size === 0 ? evaluable.at(NOWHERE) : Number.NaN;
  };
  /** Of answers of different shapes: a set of one and its member, inequalities and intervals. */
  const equivalentOtherwise = (answer: MathAnswer, gold: MathAnswer, rel: number): boolean => {
    const isSet = ({ brackets }: MathAnswer) => brackets === "{}" || brackets === ",";
    if (isSet(answer) && isSet(gold)) return sameMembers(answer.parts, gold.parts, rel);
    const isOne = ({ brackets, parts }: MathAnswer) => (brackets === "" || brackets === "{}") && parts.length === 1;
    if (isOne(answer) && isOne(gold)) return same(answer.parts[0]!, gold.parts[0]!, rel);
    // `\{(1, 2)\}` of a system with one solution.
    const lone = (all: MathAnswer) => (isOne(all) ? all.parts[0]!.members : undefined);
    if (lone(answer) ?? lone(gold)) return equivalent(lone(answer) ?? answer, lone(gold) ?? gold, rel);
    const areIntervals = ({ brackets }: MathAnswer) => brackets === "\\cup" || isInterval(brackets);
    if (areIntervals(answer) && areIntervals(gold)) return false;
    const [left, right] = [readIntervals(answer, valueIn), readIntervals(gold, valueIn)];
    return left !== null && right !== null && equivalent(united(left), united(right), rel);
  };
  /** Whether each is among the others; of a list at least as often as the gold one has it. */
  const sameMembers = (answer: readonly Formula[], gold: readonly Formula[], rel: number, asOften = false): boolean => {
    const count = (all: readonly Formula[], one: Formula) => all.filter((other) => same(other, one, rel)).length;
    const holds = (all: readonly Formula[], others: readonly Formula[]) =>
      others.every((one) => all.some((other) => same(other, one, rel)));
    return holds(answer, gold) && holds(gold, answer) && (!asOften || gold.every((one) => count(answer, one) >= count(gold, one)));
  };
  const equivalent: Equivalence = (answer, gold, rel) => {
    if (answer.brackets !== gold.brackets) return equivalentOtherwise(answer, gold, rel);
    if (["{}", ",", "\\cup"].includes(gold.brackets)) return sameMembers(answer.parts, gold.parts, rel, gold.brackets === ",");
    return answer.parts.length === gold.parts.length && gold.parts.every((part, i) => same(answer.parts[i]!, part, rel));
  };
  return equivalent;
}

function isSameText(a: Formula, b: Formula): boolean {
  return a.text !== "" && a.text === b.text && a.digits === b.digits;
}

/** How far a decimal may be from what it stands for: half of its last place. */
function roundingOf({ expression }: Formula): number {
  const [, decimals] = /^-?\d*\.?(\d*)$/.exec(expression ?? "") ?? [];
  return decimals === undefined ? Number.NaN : 0.500_001 * 10 ** -decimals.length;
}

function united(intervals: readonly MathAnswer[]): MathAnswer {
  return { brackets: "\\cup", parts: intervals.map((members) => ({ expression: null, text: "", digits: "", isBuilt: true, members })) };
}

/** The same, read from the right: `3 > x` of `x < 3`. */
function mirrored({ signs, sides }: NonNullable<Formula["relation"]>): NonNullable<Formula["relation"]> {
  return { signs: signs.map((sign) => MIRRORED[sign] ?? sign).reverse(), sides: sides.toReversed() };
}

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le" };

/** NaN outside the domain, where some functions of the evaluator throw. */
function valueAt(code: EvalFunction, point: ReadonlyMap<string, number>): number {
  try {
    return Number(code.evaluate(new Map(point)));
  } catch {
    return Number.NaN;
  }
}

function isPlain(node: MathNode, isFunctionName: boolean, variables: Set<string>): boolean {
  const { type } = node;
  if (type === "ConstantNode" || type === "ParenthesisNode") return true;
  if (type === "OperatorNode") return OPERATIONS.has((node as unknown as { fn: string }).fn);
  if (type === "FunctionNode") return FUNCTIONS.has((node as unknown as { fn: { name: string } }).fn.name);
  if (type !== "SymbolNode") return false;
  const { name } = node as unknown as { name: string };
  if (isFunctionName) return FUNCTIONS.has(name);
  if (CONSTANTS.has(name)) return true;
  if (!VARIABLE.test(name)) return false;
  variables.add(name);
  return true;
}

function agree(a: Evaluable, b: Evaluable, rel: number): boolean {
  const variables = [...new Set([...a.variables, ...b.variables])].sort();
  const exact = rel <= FOR_ROUNDING ? agreeExactly(a, b, variables) : undefined;
  if (exact === false) return false;
  if (variables.length === 0) {
    const [left, right] = [a.at(NOWHERE), b.at(NOWHERE)];
    return agreeAsNumbers(left, right, rel) || (exact === true && isRoughly(left, right, Math.abs(left)));
  }
  const isDiscrete = a.isDiscrete || b.isDiscrete;
  const values: [number, number][] = [];
  for (let point = 0; point < POINTS; point++) {
    const place = new Map(variables.map((name, index) => [name, isDiscrete ? wholeCoordinate(point, index) : coordinate(point, index)]));
    const [left, right] = [a.at(place), b.at(place)];
    // Outside the domain of both there is nothing to compare; outside that of one they differ.
    if (!(Number.isNaN(left) && Number.isNaN(right))) values.push([left, right]);
  }
  if (isDiscrete) {
    // n!/(n - 2)! is n(n - 1) where it is anything.
    const both = values.filter(([left, right]) => !Number.isNaN(left + right));
    return (
      both.length >= Math.max(ENOUGH, (values.length * 2) / 3) && both.every(([left, right]) => left === right || isClose(left, right, rel))
    );
  }
  const apart = values.filter(([left, right]) => !isClose(left, right, rel));
  const greatest = values.reduce((most, [left, right]) => Math.max(most, Math.abs(left), Math.abs(right)), 0);
  if (exact === true) return apart.every(([left, right]) => isRoughly(left, right, greatest));
  const near = apart.every(([left, right]) => Number.isFinite(greatest) && Math.abs(left - right) <= CANCELLED * greatest);
  return values.length >= ENOUGH && near && apart.length <= values.length / 3;
}

/** Undefined where their values have to be looked at: of what is not rational, and where decimals, which may be rounded, are none the same. */
function agreeExactly(a: Evaluable, b: Evaluable, variables: readonly string[]): boolean | undefined {
  const [left, right] = [a.exactly(variables), b.exactly(variables)];
  if (left === null || right === null) return undefined;
  const same = left.remainders.every((remainder, i) => remainder === right.remainders[i]);
  return same || !(left.isRounded || right.isRounded) ? same : undefined;
}

/** Whether values may be the same for all that is left of them by rounding, or overflow alike: what the same remainders leave to see. */
function isRoughly(left: number, right: number, greatest: number): boolean {
  return left === right || !(Math.abs(left - right) > 1e-6 * greatest);
}

/** Whole numbers that doubles tell apart with room to spare differ by what they differ: 1,099,511,627,775 is a wrong 2⁴⁰. */
function agreeAsNumbers(a: number, b: number, rel: number): boolean {
  const whole = rel <= FOR_ROUNDING && Number.isInteger(a) && Number.isInteger(b) && Math.max(Math.abs(a), Math.abs(b)) < 1e13;
  return whole ? a === b : isClose(a, b, rel);
}

/** A relative difference up to this is there for rounding, and none that an answer may have. */
const FOR_ROUNDING = 1e-9;

/** What rounding leaves where terms cancel, as a share of the greatest value: near their roots (x − 2)⁴ and its expansion differ by it. */
const CANCELLED = 1e-13;

const NOWHERE: ReadonlyMap<string, number> = new Map();

/** Numbers of a low-discrepancy sequence, positive at two points of three and below 1 at every other, away from 0 and 1, where formulas coincide. */
function coordinate(point: number, variable: number): number {
  const fraction = ((point + 1) * 0.754_877_666_246_692_7 + (variable + 1) * 0.569_840_290_998_053_3) % 1;
  const large = 1.1 + 2.3 * fraction;
  // Of high powers what is added to them shows at small ones alone.
  const size = (point + variable) % 2 === 1 ? 1 / large : large;
  return point % 3 === 2 ? -size : size;
}

/** Whole numbers from 1 to 13, of which those of two variables are in no fixed distance. */
function wholeCoordinate(point: number, variable: number): number {
  return 1 + ((6 * (point + 1) + variable * (point * point + 1)) % 13);
}

function isOfWholeNumbers(node: MathNode): boolean {
  const { fn, args = [] } = node as unknown as { fn: string; args: MathNode[] };
  if (node.type !== "OperatorNode" || !hasVariables(args.at(-1)!)) return false;
  return fn === "factorial" || (fn === "pow" && !hasVariables(args[0]!) && Number(args[0]!.evaluate()) < 0);
}

function hasVariables(node: MathNode): boolean {
  return node.filter((part) => part.type === "SymbolNode" && VARIABLE.test((part as unknown as { name: string }).name)).length > 0;
}

/** Values that overflowed are equal to nothing. */
function isClose(a: number, b: number, rel: number): boolean {
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= rel * Math.max(1e-12, Math.abs(a), Math.abs(b));
}
