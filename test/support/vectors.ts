import { readFileSync } from "node:fs";
import { z } from "zod";

/** The values of one side of a vector; what they hold depends on the method. */
// biome-ignore lint/suspicious/noExplicitAny: each method has its own shapes, and its adapter reads them
export type Fields = Readonly<Record<string, any>>;

/** A worked vector of a published formula: six decimals, computed outside this project. */
export interface Vector {
  readonly method: string;
  readonly case: string;
  readonly input: Fields;
  readonly params: Fields;
  readonly expected: Fields;
}

const fields = z.record(z.string(), z.unknown());
const vectorFile = z.array(
  z.strictObject({ method: z.string().min(1), case: z.string(), input: fields, params: fields, expected: fields }),
);

/**
 * The vectors of a file: a JSON array of `{method, case, input, params, expected}`.
 *
 * @throws when the file is no JSON or has another shape
 */
export function readVectors(file: string | URL): Vector[] {
  return vectorFile.parse(JSON.parse(readFileSync(file, "utf8")));
}

/** The vectors of the repository. */
export const GOLDEN_VECTORS = new URL("../golden/methods.json", import.meta.url);

const all = readVectors(GOLDEN_VECTORS);

/** The vectors of one method. Throws when there is none, so that a typo cannot pass a test. */
export function vectors(method: string): Vector[] {
  const found = all.filter((vector) => vector.method === method);
  if (found.length === 0) throw new Error(`no vectors for ${method}`);
  return found;
}

/** Whether two numbers agree to the six decimals of the vectors. */
export function close(actual: number, expected: number, tolerance = 1e-6): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected));
}
