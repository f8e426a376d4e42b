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
