/**
 * Server state of a training run: values that change with what a trainer reports, kept by the gateway so that all of its
 * replicas, and a trainer that was restarted, go on from the same numbers. A state is declared in the configuration by name; each
 * run (a client's own id) has its own copy, whose versions count from 0, the initial value.
 */

/** What a state follows, and with it the shape of its value. */
export type StateKindName = "multipliers" | "hedge" | "runningScale" | "quantileTracker";

/** Judge name → number. */
export type PerJudge<T = number> = Readonly<Record<string, T>>;

/** Lagrange multipliers of constraints on judges' mean rewards. */
export interface MultipliersValue {
  /** Weight of each judge: in (0, 1) for inequalities, in (−1, 1) for equalities. */
  readonly lambda: PerJudge;
  /** Unbounded multipliers, of which lambda is a function. */
  readonly mu: PerJudge;
  /** Momentum of the descent. */
  readonly velocity: PerJudge;
}

/** Multiplicative weights of judges. */
export interface HedgeValue {
  /** ≥ 0, summing to 1. */
  readonly weights: PerJudge;
}

/** What a stream of scores leaves behind. */
export interface RunningMomentsValue {
  /** Scores that were seen, ≥ 0. */
  readonly count: number;
  /** Absent before the first score. */
  readonly mean?: number;
  /** By the state's ddof; 0 while the stream has no spread. */
  readonly std: number;
  /** Σ (score − mean)². */
  readonly squares: number;
  /** Least score; absent before the first. */
  readonly min?: number;
  /** Greatest score; absent before the first. */
  readonly max?: number;
}

/** Running statistics of judges' scores. */
export interface RunningScaleValue {
  readonly scales: PerJudge<RunningMomentsValue>;
}

/** The quantiles between which a bundle's score counts in full. */
export interface QuantileTrackerValue {
  /** Absent before the first batch. */
  readonly quantiles?: { readonly down: number; readonly up: number };
}

/** A kind and a value of its shape. */
export type StateValue =
  | { readonly kind: "multipliers"; readonly value: MultipliersValue }
  | { readonly kind: "hedge"; readonly value: HedgeValue }
  | { readonly kind: "runningScale"; readonly value: RunningScaleValue }
  | { readonly kind: "quantileTracker"; readonly value: QuantileTrackerValue };

/** One version of a state, for ever the same bits. */
export type StateSnapshot = StateValue & {
  /** Name in the configuration. */
  readonly name: string;
  /** The client's id of the run. */
  readonly run: string;
  /** 0 is the initial value; each step and each reset adds 1. */
  readonly version: number;
};

/**
 * What one step reports, in the field that the state's kind reads: `meanRewards` for multipliers, `losses` for hedge, `scores` for
 * runningScale, `bundleScores` for quantileTracker. A judge that is left out, or null, has nothing to report.
 */
export interface StepInput {
  /** Mean reward of each judge since the last step. */
  readonly meanRewards?: PerJudge<number | null>;
  /** Loss of each judge on one piece of feedback, nats. */
  readonly losses?: PerJudge<number | null>;
  /** New scores of each judge, in the order of their stream. */
  readonly scores?: PerJudge<readonly number[]>;
  /** Sum of the rewards of each bundle of questions. */
  readonly bundleScores?: readonly number[];
}

/** One state as the configuration declares it. */
export interface StateInfo {
  readonly name: string;
  readonly kind: StateKindName;
  readonly description: string;
  /** Judges that its value covers; empty when it follows one stream of its own. */
  readonly judges: readonly string[];
  /** Runs that have steps. */
  readonly runs: number;
}

/** What made a version: the first step of a run or its first pin, a step, a reset. */
export type StateChange = "start" | "step" | "reset";

/** One line of a run's history. */
export interface StateVersionInfo {
  readonly version: number;
  readonly change: StateChange;
  /** Absent on version 0. */
  readonly stepId?: string;
  /** Digest of what the step reported: 32 hexadecimal digits. Absent on version 0. */
  readonly inputDigest?: string;
  /** When, RFC 3339 in UTC. */
  readonly at: string;
  /** Whether reading without a version gives this one. */
  readonly pinned: boolean;
}

/** Reads states. A value covers exactly the judges that the configuration gives the state. */
export interface StateReader {
  /**
   * One version of a run's state: the stated one, else the pinned one, else the latest. A run that was never stepped is at
   * version 0; reading starts nothing.
   *
   * @throws {GatewayError} STATE_NOT_FOUND, STATE_VERSION_NOT_FOUND, STATE_STALE, STATE_STORE_UNAVAILABLE
   */
  read(name: string, run: string, version?: number): Promise<StateSnapshot>;
}

/** The states of a gateway: reads and every change. */
export interface StateService extends StateReader {
  /** In the order of the configuration. @throws {GatewayError} STATE_STORE_UNAVAILABLE */
  list(): Promise<readonly StateInfo[]>;
  /**
   * Moves a run on by one version. The same step id with the same input gives the version that it made before, and changes nothing.
   *
   * @param stepId the client's id of this step, unique within the run
   * @returns the version that the step made, durable in the store
   * @throws {GatewayError} STATE_NOT_FOUND, REQUEST_INVALID, SCORE_NOT_FINITE, STATE_STEP_CONFLICT when the step id was used
   *   with another input, STATE_STALE, STATE_RUNS_PINNED, STATE_STORE_UNAVAILABLE
   */
  step(name: string, run: string, stepId: string, input: StepInput): Promise<StateSnapshot>;
  /** Moves a run on to a version with the initial value; what came before stays. Idempotent and refused as a step. */
  reset(name: string, run: string, stepId: string): Promise<StateSnapshot>;
  /**
   * Makes a version the one that reading without a version gives, and keeps it for as long. Steps go on behind it.
   * @param version default the latest
   * @throws {GatewayError} STATE_NOT_FOUND, STATE_VERSION_NOT_FOUND, STATE_STALE, STATE_RUNS_PINNED, STATE_STORE_UNAVAILABLE
   */
  pin(name: string, run: string, version?: number): Promise<StateSnapshot>;
  /** Lets reading without a version give the latest again. @returns the latest version */
  unpin(name: string, run: string): Promise<StateSnapshot>;
  /** Versions that are kept, oldest first; empty for a run that was never stepped. */
  history(name: string, run: string): Promise<readonly StateVersionInfo[]>;
}
