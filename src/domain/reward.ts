import type { ScoreSpace } from "./score-space.ts";

/** A map from raw score to a common meaning, fitted on labelled data. Monotone; applied to one score at a time. */
export interface Calibration {
  readonly method: string;
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  /** Digest of method and parameters. */
  readonly revision: string;
  apply(score: number): number;
}

/** A fixed map of calibrated scores. It sees the scored candidates of one item at once, so it may use the group. */
export interface Transform {
  readonly name: string;
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  /** Digest of name and parameters. */
  readonly revision: string;
  /** @param scores shape [n], the scored candidates in request order; returns the same shape */
  apply(scores: Float64Array): Float64Array;
}

/** Transformed scores of one candidate: only the members that gave a number, with their effective weights. */
export interface CandidateScores {
  /** Indices into `Panel.members`, ascending. */
  readonly members: readonly number[];
  /** Shape [members.length]. */
  readonly scores: Float64Array;
  /** Shape [members.length], after renormalisation. */
  readonly weights: Float64Array;
  /** Per entry of `members`: the gating that the member's scalar was made with, where its judge has objectives. */
  readonly gating?: readonly (Float64Array | undefined)[];
}

/** One reward and what each member added to it; the contributions sum to the reward within 1e-9. */
export interface Aggregate {
  readonly reward: number;
  readonly contributions: Float64Array;
  /** Effective weights, same order, when the aggregation changed the ones it was given. */
  readonly weights?: Float64Array;
}

/** From members' transformed scores to one reward per candidate. It sees the group, so that rank fusion fits too. */
export interface Aggregation {
  readonly method: string;
  readonly spaceOut: ScoreSpace;
  /** Digest of method and parameters. */
  readonly revision: string;
  /** @returns one aggregate per entry of `group`, same order; entries have at least one member */
  aggregate(group: readonly CandidateScores[]): Aggregate[];
}

/** How request weights change a multi-objective judge's gating. */
export type SteeringMode = "override" | "multiply" | "blend";
export interface Steering {
  /** Objective name → weight; objectives that are not named weigh 0. */
  readonly weights: Readonly<Record<string, number>>;
  readonly mode: SteeringMode;
  /** Share of the request's weights under `blend`, in [0, 1]. */
  readonly alpha: number;
}
