import type { CallResult } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import { stepProbability } from "../../reward/process/step-scores.ts";

/**
 * How likely each step is right, from a tensor that holds one number per marker and NaN after the last: as many as the text has steps,
 * or else the model saw other markers than those that were set.
 *
 * @param results answers to the calls of one ask; the first is read
 * @param name    of the tensor
 * @param count   steps of the candidate, ≥ 1
 * @param reading what the numbers are
 * @returns shape [count], each in [0, 1]
 * @throws {GatewayError} JUDGE_OUTPUT_UNREADABLE when the tensor is missing, or holds fewer or more numbers or no probabilities;
 *   SCORE_NOT_FINITE when the number of a step is NaN or infinite
 */
export function readSteps(results: readonly CallResult[], name: string, count: number, reading: "probability" | "logit"): Float64Array {
  const tensor = results[0]?.outputs[name];
  if (tensor === undefined) throw unreadable(`the model gave no output named "${name}"`);
  if (tensor.length < count) throw unreadable(`output "${name}" holds ${tensor.length} numbers for ${count} steps`);
  const steps = Float64Array.from(tensor.subarray(0, count));
  if (!steps.every(Number.isFinite)) throw new GatewayError("SCORE_NOT_FINITE", "the model's score of a step is not finite");
  if (!tensor.subarray(count).every(Number.isNaN)) {
    throw unreadable(`output "${name}" holds more than ${count} numbers: the model saw markers that the judge did not set`);
  }
  if (reading === "logit") return steps.map((logit) => stepProbability(logit, 0).probability);
  if (!steps.every((p) => p >= 0 && p <= 1)) throw unreadable(`output "${name}" is declared a probability and leaves [0, 1]`);
  return steps;
}

function unreadable(problem: string): GatewayError {
  return new GatewayError("JUDGE_OUTPUT_UNREADABLE", problem);
}
