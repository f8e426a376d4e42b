import { readFileSync } from "node:fs";

/** A worked case of a published formula: six decimals, computed outside this project. */
export interface Vector {
  readonly method: string;
  readonly case: string;
  // Each method has its own shapes; a test reads the ones of its method.
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the method
  readonly input: any;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the method
  readonly params: any;
  // biome-ignore lint/suspicious/noExplicitAny: the shape depends on the method
  readonly expected: any;
}

const all: Vector[] = JSON.parse(readFileSync(new URL("../golden/methods-subset.json", import.meta.url), "utf8"), (_, value) =>
  value === "-Infinity" ? -Infinity : value,
);

/** The cases of one method. Throws when there is none, so that a typo cannot pass a test. */
export function vectors(method: string): Vector[] {
  const found = all.filter((vector) => vector.method === method);
  if (found.length === 0) throw new Error(`no vectors for ${method}`);
  return found;
}

/** Whether two numbers agree to the six decimals of the vectors. */
export function close(actual: number, expected: number, tolerance = 1e-6): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}
