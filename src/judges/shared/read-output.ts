import type { CallResult } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";

/**
 * The numbers of one output tensor, all finite.
 *
 * @param results answers to the calls of one ask; the first is read
 * @param name    name of the tensor
 * @param length  numbers that it must hold
 * @returns shape [length], float64, in the order of the tensor
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the tensor is missing or of another length, SCORE_NOT_FINITE when it
 *   holds a NaN or an infinity
 */
export function readOutput(results: readonly CallResult[], name: string, length: number): Float64Array {
  const tensor = results[0]?.outputs[name];
  if (tensor === undefined) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `the model gave no output named "${name}"`);
  if (tensor.length !== length) {
    throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", `output "${name}" holds ${tensor.length} numbers where ${length} were expected`);
  }
  for (const value of tensor) {
    if (!Number.isFinite(value)) throw new GatewayError("SCORE_NOT_FINITE", `output "${name}" holds a value that is not finite`);
  }
  return Float64Array.from(tensor);
}
