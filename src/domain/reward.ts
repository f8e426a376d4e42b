import type { GatewayError } from "./errors.ts";
import type { Bounds, ScoreSpace } from "./score-space.ts";
import type { StateSnapshot } from "./state.ts";

/** A map from raw score to a common meaning, fitted on labelled data. Monotone; applied to one score at a time. */
export interface Calibration {
  readonly method: string;
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  /** Digest of method and parameters. */
  readonly revision: string;
  apply(score: number): number;
}

/** What a transform may know besides the scores. */
export interface TransformContext {
  /** Calibrated scores of the item's baselines under the same member, shape [M]; given to a transform that reads `baselines`. */
  readonly baselines?: Float64Array;
  /** Lengths of the candidates in the policy's tokens, shape [n]; given to a transform that reads `lengths`. */
  readonly lengths?: Float64Array;
  /** Given to a transform that names a state. */
  readonly state?: StateSnapshot;
}

/** Scores of reference completions that a reference artefact holds for prompts. */
export interface ReferenceResponses {
  /** Name of the artefact in the configuration. */
  readonly artefact: string;
  /** Digest of a prompt → calibrated scores of its reference completions under the same member, shape [M]. */
  readonly byPrompt: ReadonlyMap<string, Float64Array>;
}

/** A fixed map of calibrated scores. It sees the scored candidates of one item at once, so it may use the group. */
export interface Transform {
  readonly name: string;
  readonly spaceIn: ScoreSpace;
  readonly spaceOut: ScoreSpace;
  /** Digest of name and parameters. */
  readonly revision: string;
  readonly reads?: "baselines" | "lengths";
  /** What stands in for the baselines of an item that brings none. */
  readonly responses?: ReferenceResponses;
  /** Name of the server state that it reads. */
  readonly state?: string;
  /** What its results lie between, where it sees to that. */
  readonly bounds?: Bounds;
  /**
   * @param scores shape [n], the scored candidates in request order; returns the same shape
   * @throws {GatewayError} REFERENCE_MISSING, REQUEST_INVALID when the request lacks what it reads
   */
  apply(scores: Float64Array, context: TransformContext): Float64Array;
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
  /** Those of `members` whose score is a failure policy's number and not their own. */
  readonly imputed?: ReadonlySet<number>;
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
  /** Whether weights matter to it; one that takes its members as equals refuses a request that weighs them. */
  readonly weighs: boolean;
  /** Set of one that shares out weights, which have to be ≥ 0: by a total below 0 it would turn the reward around. */
  readonly shares?: true;
  /**
   * Present where each candidate is aggregated by itself and its reward never falls when a score of a member with a weight ≥ 0 rises,
   * so that bounds of scores give bounds of the reward.
   */
  readonly monotone?: true;
  /**
   * Whether the scores that members have of their own suffice for a reward. Present where it weighs members by more than their weights: they
   * may all come to 0 while those of the others would not. A candidate that lacks them has no reward, and is not aggregated.
   *
   * @returns the error where the others would not help either
   */
  suffices?(entry: CandidateScores): boolean | GatewayError;
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

/** Weights of members out of a server state. */
export interface StateWeights {
  /** Name of the state. */
  readonly state: string;
  /** @returns weights, shape [members], in the order of `Panel.members` */
  weightsOf(snapshot: StateSnapshot): Float64Array;
}
