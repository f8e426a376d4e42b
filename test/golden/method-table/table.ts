import { close, type Fields, type Vector } from "../../support/vectors.ts";

/**
 * Calls the function that a method id stands for and names its results as the vectors do. Some vectors state among their
 * results the points at which they want values; only such points may be read from `expected`.
 */
export type Adapter = (input: Fields, params: Fields, expected: Fields) => object;

/** Method id → adapter. */
export type MethodTable = Readonly<Record<string, Adapter>>;

/** What became of the vectors of one id; `unknown` when no adapter has it. */
export interface IdReport {
  readonly id: string;
  readonly status: "passed" | "failed" | "unknown";
  readonly vectors: number;
  /** One line per vector that failed. */
  readonly failures: readonly string[];
}

/**
 * Runs vectors through a table.
 *
 * @returns one report per id, in the order in which the ids first appear
 */
export function checkVectors(vectors: readonly Vector[], table: MethodTable): IdReport[] {
  return [...new Set(vectors.map(({ method }) => method))].map((id) => {
    const cases = vectors.filter(({ method }) => method === id);
    const adapter = Object.hasOwn(table, id) ? table[id] : undefined;
    if (adapter === undefined) return { id, status: "unknown", vectors: cases.length, failures: [] };
    const failures = cases.flatMap((vector) => failureOf(vector, adapter));
    return { id, status: failures.length === 0 ? "passed" : "failed", vectors: cases.length, failures };
  });
}

function failureOf(vector: Vector, adapter: Adapter): string[] {
  let result: object;
  try {
    result = adapter(vector.input, vector.params, vector.expected);
  } catch (error) {
    return [`${vector.case}: throws ${error}`];
  }
  const differences = differencesOf(result, vector.expected, "");
  return differences.length === 0 ? [] : [`${vector.case}: ${differences.join("; ")}`];
}

/**
 * Where a result is not what a vector expects. Keys that the vector does not name are not looked at. Numbers agree to 1e-6,
 * relative above 1; `"Infinity"`, `"-Infinity"` and `"NaN"` stand for these numbers; everything else agrees exactly.
 */
export function differencesOf(actual: unknown, expected: unknown, path: string): string[] {
  const differs = () => [`${path || "result"} is ${show(actual)}, expected ${show(expected)}`];
  if (typeof expected === "number") return typeof actual === "number" && close(actual, expected) ? [] : differs();
  if (typeof actual === "number" && !Number.isFinite(actual)) return String(actual) === expected ? [] : differs();
  if (typeof expected !== "object" || expected === null) return actual === expected ? [] : differs();
  if (typeof actual !== "object" || actual === null) return differs();
  if (Array.isArray(expected)) {
    if (!("length" in actual) || actual.length !== expected.length) return differs();
    return Array.from(actual as ArrayLike<unknown>).flatMap((value, i) => differencesOf(value, expected[i], `${path}[${i}]`));
  }
  return Object.entries(expected).flatMap(([key, value]) =>
    differencesOf((actual as Record<string, unknown>)[key], value, path === "" ? key : `${path}.${key}`),
  );
}

function show(value: unknown): string {
  if (ArrayBuffer.isView(value)) return show(Array.from(value as Float64Array));
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? "missing";
}

/** A vector of numbers; null, a missing one, is NaN. `"Infinity"`, `"-Infinity"` and `"NaN"` stand for these numbers. */
export function numbers(values: readonly (number | string | null)[]): Float64Array {
  return Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value)));
}
