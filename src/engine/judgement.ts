import type { Truncation } from "../domain/backend.ts";
import type { GatewayError } from "../domain/errors.ts";
import type { Finding, RawScore } from "../domain/judge.ts";
import type { Failure } from "../domain/score.ts";

/** What one judge said of one candidate, and how the gateway came to know it. */
export type Judgement =
  | {
      readonly outcome: "scored";
      readonly raw: RawScore & { readonly outcome: "scored" };
      readonly cached: boolean;
      readonly tokens: number;
      readonly truncation: Truncation | undefined;
    }
  | {
      readonly outcome: "failed" | "abstained" | "not_applicable" | "not_asked" | "skipped";
      readonly failure: Failure;
      /** What the judge saw before it gave up. */
      readonly findings?: readonly Finding[];
    };

/**
 * The judgement of a judge that could not give one because of `error`.
 *
 * @param findings what it saw before
 */
export function failedJudgement(error: GatewayError, findings?: readonly Finding[]): Exclude<Judgement, { outcome: "scored" }> {
  return { outcome: "failed", failure: toFailure(error), ...(findings && { findings }) };
}

/** An error in the form in which an answer carries it. */
export function toFailure(error: GatewayError): Failure {
  return { reason: error.reason, message: error.message, retryable: error.retryable };
}

/** Whether a judge failed one candidate because its number is none. */
export function isNotFinite(score: RawScore): boolean {
  return score.outcome === "failed" && score.error.reason === "SCORE_NOT_FINITE";
}

/** Whether every number of a score is finite; without one, those of its findings. */
export function allFinite(score: RawScore): boolean {
  const { findings = NO_FINDINGS } = score;
  if (score.outcome !== "scored") return findings.every(isFiniteFinding);
  const { value, objectives = NONE, gating = NONE, tokenRewards = NONE } = score;
  return Number.isFinite(value) && [objectives, gating, tokenRewards].every(isFiniteVector) && findings.every(isFiniteFinding);
}

const NONE = new Float64Array();
const NO_FINDINGS: readonly Finding[] = [];
function isFiniteVector(vector: Float64Array): boolean {
  return vector.every(Number.isFinite);
}
function isFiniteFinding({ value = 0 }: Finding): boolean {
  return Number.isFinite(value);
}
