import { GatewayError } from "../../domain/errors.ts";

/** One vector of a representation, shape [d], finite. */
export type Embedding = ArrayLike<number>;

/** The vector at length 1; a zero vector stays zero. */
export function unitVector(vector: Embedding): Float64Array {
  const values = Float64Array.from(vector);
  const norm = Math.hypot(...values);
  return norm > 0 ? values.map((value) => value / norm) : values;
}

/**
 * Scalar product.
 * @throws {GatewayError} REQUEST_INVALID when the shapes differ
 */
export function dot(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length)
    throw new GatewayError("REQUEST_INVALID", `embeddings have ${a.length} and ${b.length} dimensions; use one model for both`);
  let total = 0;
  for (let k = 0; k < a.length; k++) total += a[k]! * b[k]!;
  return total;
}
