import type { MathNode } from "mathjs";

/** Arithmetic of fractions modulo this prime: two formulas that differ leave different remainders, but for a chance of one in 10¹⁶. */
const PRIME = 2n ** 61n - 1n;
/** Places at which a formula is looked at: remainders that no formula is made for. */
const PLACES = [2_069_872_613_598_207_463n, 1_271_828_182_845_904_523n];
const STEP = 1_618_033_988_749_894_848n;
const MAX_EXPONENT = 1e12;
const MAX_FACTORIAL = 1_000;

/** What a formula is at the places, exactly, and whether decimals, which may be rounded, are in it. */
export interface ExactValues {
  readonly remainders: readonly bigint[];
  readonly isRounded: boolean;
}

/**
 * What a formula of numbers, variables, π, e, `+ - * /`, whole powers and factorials of numbers leaves modulo a prime at two places. Neither the
 * size of its values nor their roundings count: 2¹⁰⁰ − 1 is not 2¹⁰⁰.
 *
 * @param variables its variables with those of what it is compared with, in order
 * @returns null where something else is in it, it divides by zero, a power is above 10¹² or a factorial above 1,000
 * @complexity O(nodes · log of the greatest power), pure
 * @see Schwartz 1980, Fast Probabilistic Algorithms for Verification of Polynomial Identities
 */
export function exactValues(formula: MathNode, variables: readonly string[]): ExactValues | null {
  let isRounded = false;
  formula.traverse((node) => {
    isRounded ||= node.type === "ConstantNode" && !Number.isInteger((node as unknown as { value: number }).value);
  });
  const names = ["pi", "e", ...variables];
  const remainders = PLACES.map((place) => remainderOf(formula, new Map(names.map((name, i) => [name, modulo(place + STEP * BigInt(i))]))));
  return remainders.every((remainder) => remainder !== null) ? { remainders, isRounded } : null;
}

function remainderOf(node: MathNode, place: ReadonlyMap<string, bigint>): bigint | null {
  const { type, content, name, value, fn, args } = node as unknown as {
    type: string;
    content: MathNode;
    name: string;
    value: number;
    fn: string;
    args: MathNode[];
  };
  if (type === "ParenthesisNode") return remainderOf(content, place);
  if (type === "ConstantNode") return remainderOfNumber(value);
  if (type === "SymbolNode") return place.get(name) ?? null;
  if (type !== "OperatorNode") return null;
  if (fn === "factorial") return factorial(numberOf(args[0]!));
  const left = remainderOf(args[0]!, place);
  if (left === null) return null;
  if (fn === "pow") return power(left, numberOf(args[1]!));
  const right = args.length > 1 ? remainderOf(args[1]!, place) : 0n;
  return right === null ? null : (OPERATIONS[fn]?.(left, right) ?? null);
}

const OPERATIONS: Readonly<Record<string, (left: bigint, right: bigint) => bigint | null>> = {
  add: (left, right) => modulo(left + right),
  subtract: (left, right) => modulo(left - right),
  multiply: (left, right) => modulo(left * right),
  divide: (left, right) => (right === 0n ? null : modulo(left * raised(right, PRIME - 2n))),
  unaryMinus: (left) => modulo(-left),
  unaryPlus: (left) => left,
};

/** Of the shortest decimal that the number is the nearest to, which is the one that was written. */
function remainderOfNumber(value: number): bigint | null {
  const [digits = "", exponent = "0"] = String(value).split("e");
  const [whole = "", behind = ""] = digits.split(".");
  if (!Number.isFinite(value)) return null;
  const scale = power(10n, Number(exponent) - behind.length);
  return scale === null ? null : modulo(BigInt(whole + behind) * scale);
}

/** The value of a formula without variables; NaN of one with them. */
function numberOf(node: MathNode): number {
  try {
    return Number(node.evaluate());
  } catch {
    return Number.NaN;
  }
}

function power(base: bigint, exponent: number): bigint | null {
  if (!Number.isInteger(exponent) || Math.abs(exponent) > MAX_EXPONENT || (base === 0n && exponent < 0)) return null;
  return exponent < 0 ? raised(raised(base, PRIME - 2n), BigInt(-exponent)) : raised(base, BigInt(exponent));
}

function raised(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base, exponent]; left > 0n; square = modulo(square * square), left >>= 1n) {
    if (left & 1n) result = modulo(result * square);
  }
  return result;
}

function factorial(of: number): bigint | null {
  if (!Number.isInteger(of) || of < 0 || of > MAX_FACTORIAL) return null;
  let product = 1n;
  for (let factor = 2; factor <= of; factor++) product = modulo(product * BigInt(factor));
  return product;
}

function modulo(value: bigint): bigint {
  return ((value % PRIME) + PRIME) % PRIME;
}
