import type { Standing } from "./panel.ts";
import type { ScoreSpace } from "./score-space.ts";

/** One member of a panel, as the statistics of a run know it. */
export interface ObservedMember {
  /** Unique within the panel. */
  readonly member: string;
  readonly judge: string;
  readonly standing: Standing;
  /** Space of its calibrated scores. */
  readonly space: ScoreSpace;
  /** Names of the objectives that its gating weighs; empty without gating. */
  readonly objectives: readonly string[];
}

/** A panel, as the statistics of a run know it. */
export interface ObservedPanel {
  readonly name: string;
  /** Scores of two revisions are never in one window. */
  readonly revision: string;
  readonly space: ScoreSpace;
  readonly members: readonly ObservedMember[];
}

/** What one member said of one item. */
export interface ObservedScores {
  /** Calibrated, per candidate; null where there is none. */
  readonly scores: readonly (number | null)[];
  /** Mean gating weights over the candidates, in the order of `ObservedMember.objectives`. */
  readonly gating?: Float64Array;
  /** Tokens that its model read, over all candidates. */
  readonly tokens: number;
}

/** One scored item: numbers and names, no text. */
export interface ObservedItem {
  readonly id: string;
  readonly domain?: string;
  /** Per candidate: the policy's tokens where the request tells them, UTF-16 units of the text otherwise. */
  readonly lengths: readonly number[];
  /** Per candidate; null where there is none. */
  readonly rewards: readonly (number | null)[];
  /** Per candidate: 1 when every constraint of the panel holds, 0 when one does not, null when that is unknown. Absent without any. */
  readonly satisfied?: readonly (number | null)[];
  /** In the order of `ObservedPanel.members`. */
  readonly members: readonly ObservedScores[];
}

/** The items of one request that one panel scored. */
export interface Observation {
  readonly run: string;
  readonly step?: number;
  readonly policyVersion?: string;
  /** Together with an item's id and lengths it tells an item that is sent again, which counts once. */
  readonly requestId: string;
  readonly panel: ObservedPanel;
  readonly items: readonly ObservedItem[];
}

/** Hears of what was scored. Never throws, does no I/O. */
export interface ScoreObserver {
  /** The run of requests that name none; absent, they belong to no run. */
  readonly defaultRun?: string;
  /** Called once per request and panel, for requests of a run. */
  observe(observation: Observation): void;
  /** Called for every raw score, of a run or not. */
  observeRaw(judge: string, score: number, length: number): void;
}

/** What an alarm is about; `docs/run-statistics.md` says what each means and what to do. */
export const ALARM_KINDS = [
  "mean_shift",
  "spread_shift",
  "distribution_shift",
  "length_hacking",
  "disagreement",
  "collapse",
  "proxy_divergence",
  "probe_accepted",
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

/** Something in a run that a person should look at. */
export interface RunAlarm {
  /** Counted from 1 within the run, in the order in which alarms were raised. */
  readonly number: number;
  readonly kind: AlarmKind;
  readonly state: "raised" | "cleared";
  readonly panel: string;
  /** Absent when the alarm is about the panel's reward, or about its members together. */
  readonly member?: string;
  readonly judge?: string;
  /** Absent when it is about all domains together. */
  readonly domain?: string;
  /** The measure when the alarm was raised; its unit is the kind's. */
  readonly value: number;
  /** What the measure passed, same unit. */
  readonly threshold: number;
  /** Items in the window when the alarm was raised. */
  readonly items: number;
  /** Steps of those items, where requests told them. */
  readonly firstStep?: number;
  readonly lastStep?: number;
  /** Of the newest item in that window. */
  readonly policyVersion?: string;
  /** Items of the run that had been seen when it was raised, and when it was cleared. */
  readonly raisedAtItem: number;
  readonly clearedAtItem?: number;
  /** Ids of up to five items of the window that show it best. */
  readonly examples: readonly string[];
}

/** A run at a glance. */
export interface RunSummary {
  readonly run: string;
  /** Items seen since the run was first heard of; one sent again counts once. */
  readonly items: number;
  readonly panels: readonly string[];
  /** Domains that have windows of their own. */
  readonly domains: readonly string[];
  readonly firstStep?: number;
  readonly lastStep?: number;
  /** Of the newest item that told one. */
  readonly policyVersion?: string;
  /** Alarms that are raised now. */
  readonly alarms: number;
}

/** By what rows of a report are told apart; what is not named is taken together. */
export const RUN_DIMENSIONS = ["domain", "judge", "policyVersion"] as const;
export type RunDimension = (typeof RUN_DIMENSIONS)[number];

export interface RunQuery {
  readonly panel?: string;
  readonly domain?: string;
  /** Name of a judge or of a member. */
  readonly judge?: string;
  /** Default: domain and judge. */
  readonly groupBy?: readonly RunDimension[];
}

/** Quantiles of the scores in a window, linear interpolation. */
export interface ScoreQuantiles {
  readonly q05: number;
  readonly q25: number;
  readonly q50: number;
  readonly q75: number;
  readonly q95: number;
}

/** What a window is compared with. */
export interface BaselineInfo {
  /** The first full window of the run, the window at which someone pinned it, or a reference of the configuration. */
  readonly source: "first_window" | "pinned" | "reference";
  /** Name of the reference, where it is one. */
  readonly reference?: string;
  readonly items: number;
  readonly mean: number;
  readonly std: number;
  readonly firstStep?: number;
  readonly lastStep?: number;
}

/** Scores of a window or of a reference in numbers, each with what chance does to it. */
export interface ScoreDescription {
  readonly items: number;
  readonly scores: number;
  readonly mean: number;
  /** Standard error of the mean, with candidates of one item and neighbouring items as alike as they are. */
  readonly meanError: number;
  /** Divisor: scores − 1; 0 with one score. */
  readonly std: number;
  /** Standard error of ln std; infinite where the scores do not vary. */
  readonly logStdError: number;
  /** Independent scores that would give the same error of the mean, at most `scores`. */
  readonly effective: number;
  /** Of score and length. Absent where one of them does not vary. */
  readonly length?: LengthCorrelation;
}

/** Spearman's correlation with what chance does to it. */
export interface LengthCorrelation {
  readonly rho: number;
  /** Standard error of artanh ρ. */
  readonly fisherError: number;
}

/** Scores of a reference: what windows are held against from a run's first item. */
export interface ReferenceScores extends ScoreDescription {
  /** Ascending, evenly over all of them. */
  readonly sorted: readonly number[];
  /** Mean gating weights, in the order of the member's objectives. */
  readonly gating?: readonly number[];
}

/** What the windows of a panel are held against, in the place of the first full window of each run. */
export interface ReferenceBaseline {
  /** Name of the reference in the configuration. */
  readonly reference: string;
  /** Of the panel; scores of another revision do not compare. */
  readonly panelRevision: string;
  readonly reward: ReferenceScores;
  /** By name of the member. */
  readonly members: ReadonlyMap<string, ReferenceScores>;
}

/** How far the window is from its baseline. */
export interface RunDrift {
  readonly baseline: BaselineInfo;
  /** Difference of the means in standard deviations of the baseline; absent where the baseline does not vary. */
  readonly meanShift?: number;
  /** Standard deviation over that of the baseline; absent where the baseline does not vary. */
  readonly spreadRatio?: number;
  /** Population stability index over ten bins of the baseline, floor 1e-4. */
  readonly psi: number;
  /** Kolmogorov–Smirnov distance and its asymptotic probability. */
  readonly ks: number;
  readonly ksP: number;
}

/** How far the members of a panel part. */
export interface RunDisagreement {
  /**
   * Mean over candidates of the standard deviation over members, each member's scores in standard deviations of its baseline; absent
   * before two members have one.
   */
  readonly spread?: number;
  /** `spread` over that of its own baseline. */
  readonly ratio?: number;
  /** Share of pairs of candidates that members order in opposite ways; absent without such pairs. */
  readonly pairConflictRate?: number;
}

/** Statistics of one window, or of the part of it that one policy version wrote. */
export interface RunRow {
  readonly panel: string;
  /** Absent in the row of the panel's reward. */
  readonly member?: string;
  readonly judge?: string;
  readonly standing?: Standing;
  /** Absent in the row of all domains together. */
  readonly domain?: string;
  /** Present when rows are told apart by it. */
  readonly policyVersion?: string;
  readonly space: ScoreSpace;
  /** Items in the window that have a score. */
  readonly items: number;
  /** Candidates with a score. */
  readonly scores: number;
  readonly firstStep?: number;
  readonly lastStep?: number;
  readonly mean: number;
  /** Divisor: scores − 1; 0 with one score. */
  readonly std: number;
  readonly quantiles: ScoreQuantiles;
  /** A score above it passes; absent where the space has no natural one and none is configured. */
  readonly passThreshold?: number;
  readonly passRate?: number;
  /** Items with two scores or more. */
  readonly groups: number;
  /** Share of groups whose scores are all the same, and which teach nothing; absent without groups. */
  readonly zeroVarianceShare?: number;
  readonly meanLength: number;
  /** Spearman's correlation of score and length; absent where one of them does not vary. */
  readonly lengthCorrelation?: number;
  /** Mean tokens that the judge read per candidate; absent in the row of the reward. */
  readonly meanTokens?: number;
  /** Absent until there is a baseline. */
  readonly drift?: RunDrift;
  /** Share of candidates that satisfy the panel's constraints, of those of which that is known; in the row of the reward. */
  readonly satisfiedRate?: number;
  /** In the row of the reward of a panel with two members or more. */
  readonly disagreement?: RunDisagreement;
  /** Mean gating weights, and their Jensen–Shannon divergence from the baseline's as a share of ln 2, in [0, 1]. */
  readonly gating?: Readonly<Record<string, number>>;
  readonly gatingDrift?: number;
}

export interface RunReport {
  readonly summary: RunSummary;
  readonly rows: readonly RunRow[];
}

/** The statistics of the runs that the gateway remembers. Names of runs are the callers' words. */
export interface RunStatistics {
  /** Last heard of first. */
  list(): readonly RunSummary[];
  /** @throws {GatewayError} RUN_NOT_FOUND */
  report(run: string, query: RunQuery): RunReport;
  /** Newest first; cleared ones are kept up to a bound. @throws {GatewayError} RUN_NOT_FOUND */
  alarms(run: string): readonly RunAlarm[];
  /**
   * Makes what the windows hold now the baselines from now on.
   * @returns how many windows have a new baseline
   * @throws {GatewayError} RUN_NOT_FOUND; BASELINE_TOO_SMALL when no window is half full
   */
  pinBaseline(run: string): number;
  /** Forgets the run. @throws {GatewayError} RUN_NOT_FOUND */
  forget(run: string): void;
}
