import type { Judge, RawScore } from "./judge.ts";
import type { Aggregation, Calibration, Steering, Transform } from "./reward.ts";
import type { ScoreSpace } from "./score-space.ts";

/** What happens to a candidate's reward when a member has no score for it. There is no implicit number. */
export type FailurePolicy =
  /** The candidate fails. */
  | { readonly policy: "fail" }
  /** The other members count, with weights renormalised; the candidate is `degraded`. */
  | { readonly policy: "degrade" }
  /** The stated transformed score stands in, marked `imputed`; the candidate is `degraded`. */
  | { readonly policy: "impute"; readonly value: number };

/** One judge's place in a panel. */
export interface Member {
  readonly judge: Judge;
  /** Weight as configured, ≥ 0. */
  readonly weight: number;
  /** Digest of judge revision, calibration and transforms. */
  readonly revision: string;
  readonly calibration?: Calibration;
  readonly transforms: readonly Transform[];
  readonly onFailure: FailurePolicy;
  /** A required member must have a score of its own for every candidate: without one the candidate fails, whatever the policy. */
  readonly required: boolean;
  /**
   * The member's scalar before calibration. A multi-objective judge's is recomputed here under a request's weights.
   * @throws {GatewayError} REQUEST_INVALID when the steering leaves no weight
   */
  scalarise(raw: RawScore & { outcome: "scored" }, steering: Steering | undefined): ScalarScore;
}

/** A scalar and, when objectives gave it, the gating and what each objective added. */
export interface ScalarScore {
  readonly value: number;
  readonly gating?: Float64Array;
  /** What each objective adds to `value`, in the order of the judge's objectives; they sum to `value` within 1e-6. */
  readonly terms?: Float64Array;
}

/** A named set of judges with weights, transforms, aggregation and failure policy. */
export interface Panel {
  readonly name: string;
  readonly description: string;
  /** Digest over everything that decides a reward of this panel. */
  readonly revision: string;
  readonly members: readonly Member[];
  readonly aggregation: Aggregation;
  readonly space: ScoreSpace;
  /** Under `degrade`, the least number of members with a score. */
  readonly quorum: number;
}
