import type { Truncation } from "./backend.ts";
import type { ConstrainedSummary, Verdict } from "./constraint.ts";
import type { ErrorReason } from "./errors.ts";
import type { Item } from "./item.ts";
import type { Finding } from "./judge.ts";
import type { OpenReason } from "./panel.ts";
import type { Steering } from "./reward.ts";

/** How much the answer says: `reward` only, each `judges` part, or `full` with objectives and gating. */
export type Detail = "reward" | "judges" | "full";

/** `use` reads and writes, `bypass` does neither, `refresh` writes only. */
export type CacheUse = "use" | "bypass" | "refresh";

/** Order in the queue; within a priority, first come, first served by age and length. */
export type Priority = "critical" | "standard" | "sheddable";
export const PRIORITIES: readonly Priority[] = ["critical", "standard", "sheddable"];

/** One of several weightings of the same scores, each with a reward of its own. */
export interface WeightSet {
  /** Unique within the request. */
  readonly name: string;
  /** Weights of objectives; without them, those of the request hold. */
  readonly steering?: Steering;
  /** Member name → weight, ≥ 0; members that are not named weigh 0. Without them, the panel's weights hold. */
  readonly memberWeights?: Readonly<Record<string, number>>;
}

export interface ScoreOptions {
  readonly detail: Detail;
  readonly cache: CacheUse;
  readonly priority: Priority;
  /** Request weights for multi-objective judges. */
  readonly steering?: Steering;
  /** Further weightings: each candidate gets one more reward per set, at no cost in forward passes. */
  readonly weightSets?: readonly WeightSet[];
  /** State name → version to read instead of the current one, so that an old answer can be reproduced. */
  readonly stateVersions?: Readonly<Record<string, number>>;
  /** Time the caller allows, milliseconds from arrival; the server's cap applies as well. */
  readonly deadlineMs?: number;
}

export const DEFAULT_OPTIONS: ScoreOptions = { detail: "full", cache: "use", priority: "standard" };

export interface ScoreRequest {
  readonly panel: string;
  readonly items: readonly Item[];
  readonly options: ScoreOptions;
  /** Training run that the request belongs to, 1 to 128 UTF-16 units; absent, the gateway's default run, if it has one. */
  readonly run?: string;
  /** Step of training as the caller counts it, an integer from 0 to 2³² − 1. */
  readonly step?: number;
  /** Version of the policy that wrote the candidates, 1 to 128 UTF-16 units. */
  readonly policyVersion?: string;
}

/** What one judge did for one candidate. */
export type Outcome = "scored" | "failed" | "skipped" | "abstained" | "not_applicable" | "not_asked";

/** Why something has no number. */
export interface Failure {
  readonly reason: ErrorReason;
  readonly message: string;
  readonly retryable: boolean;
}

/** One member's part in a candidate's reward. Numbers are present only where the outcome is `scored` (or imputed). */
export interface JudgePart {
  readonly judge: string;
  /** Name of the member; the judge's, unless the panel names it otherwise. */
  readonly member: string;
  /** Whether the member is one that is only watched: shown, weight 0, without effect on the reward. */
  readonly shadow: boolean;
  readonly outcome: Outcome;
  readonly raw?: number;
  readonly calibrated?: number;
  readonly transformed?: number;
  /** Effective weight in this candidate's reward; 0 when the member did not count. */
  readonly weight: number;
  readonly contribution?: number;
  /** The member's transformed score standardised within its group. Present where the panel's advantages standardise members apart. */
  readonly advantage?: number;
  /** Objective name → raw value. */
  readonly objectives?: Readonly<Record<string, number>>;
  /** Objective name → gating weight that was used. */
  readonly gating?: Readonly<Record<string, number>>;
  /** Objective name → what it added to the judge's scalar: gating × (value − penalty × verbosity). */
  readonly objectiveContributions?: Readonly<Record<string, number>>;
  /** What a generative judge wrote about the candidate: untrusted text. */
  readonly critique?: string;
  /** What the score was made from, in the order in which the judge looked; without a score, what it saw before it gave up. */
  readonly findings?: readonly Finding[];
  /** A reward for each of the policy's tokens, where the request says where they end. In the judge's own scale. */
  readonly tokenRewards?: readonly number[];
  readonly revision: string;
  readonly determinism: string;
  readonly cached: boolean;
  /** True when `transformed` is the value of an impute policy. */
  readonly imputed: boolean;
  readonly truncated?: Truncation;
  /** Tokens the model read for this candidate under this judge. */
  readonly tokens: number;
  readonly failure?: Failure;
}

/** `vetoed`: a constraint does not hold, whatever the members say. */
export type CandidateStatus = "complete" | "degraded" | "vetoed" | "failed";

/** One constraint judge's part. */
export interface ConstraintPart {
  readonly constraint: string;
  readonly judge: string;
  readonly verdict: Verdict;
  /** The transformed score that was held against the bound; absent when there is none. */
  readonly score?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly revision: string;
  readonly cached: boolean;
  readonly failure?: Failure;
}

/** Whether a candidate satisfies the panel's constraints, and what an optimiser under constraints trains on. */
export interface ConstraintResult {
  readonly verdict: Verdict;
  /** Empty when detail is `reward`. */
  readonly parts: readonly ConstraintPart[];
  /** σ(reward − baseline): the probability of beating the baseline completion. Present where the panel has a baseline. */
  readonly calibrated?: number;
  /** CRPG's reward: calibrated, scaled by what is left of the KL budget; 0 unless satisfied. */
  readonly crpg?: number;
  /** CRPG's reward less its mean over the candidates of the item. */
  readonly crpgCentred?: number;
  /** CRRAFT's weight: calibrated where satisfied within the KL budget, else 0. */
  readonly crraft?: number;
}

export interface CandidateResult {
  readonly status: CandidateStatus;
  /** Absent when the status is `failed`, and when it is `vetoed` unless the panel states what a vetoed candidate gets. */
  readonly reward?: number;
  /** Why there is no reward. */
  readonly failure?: Failure;
  /** Weight set name → reward under it. Absent where there is no reward, or no set. */
  readonly rewards?: Readonly<Record<string, number>>;
  /** The reward relative to its group, where the panel computes advantages; absent where the candidate has no reward. */
  readonly advantage?: number;
  readonly constraints?: ConstraintResult;
  /** Names of members that should count and gave no score of their own. */
  readonly missing: readonly string[];
  /** One part per member that the trainer may see, in the panel's order. Empty when detail is `reward`. */
  readonly judges: readonly JudgePart[];
}

/** The panel that took an item, and the rows of routing tables that led to it. */
export interface RouteTaken {
  readonly panel: string;
  readonly panelRevision: string;
  /** Row per table on the way, counted from 0; −1 for its default. */
  readonly rows: readonly number[];
}

/** What an item's candidates are like as a group. */
export interface GroupSummary {
  /** Estimator of the advantages. */
  readonly method: string;
  /** Mean of the rewards that there are. */
  readonly mean: number;
  /** Standard deviation under the estimator's convention. */
  readonly std: number;
  /** Every reward is the same: the item teaches nothing. */
  readonly zeroVariance: boolean;
}

/**
 * Why no further judge was asked. `settled`: those that were asked leave nothing open. `exhausted`: something is open, and nobody is
 * left to ask. `moot`: no candidate can get a reward any more, or all are vetoed.
 */
export const STOPPING_REASONS = ["settled", "exhausted", "moot"] as const;
export type StoppingReason = (typeof STOPPING_REASONS)[number];

/** How far an item was taken through the stages of its panel, and what that cost. */
export interface Judging {
  /** Stages that the panel has, ≥ 2. */
  readonly stages: number;
  /** Stages whose judges were asked, ≥ 1. */
  readonly asked: number;
  readonly stopped: StoppingReason;
  /** Why the last of several stages was asked; empty where only the first was. */
  readonly openBy: readonly OpenReason[];
  /** What is still open; empty unless exhausted. */
  readonly leftOpen: readonly OpenReason[];
  /** Scores, candidate × judge, that nobody was asked for. */
  readonly spared: number;
  /** Tokens that models read for the item, each judge's by itself; scores out of the cache cost none. Judges that only watch are left out. */
  readonly tokens: number;
}

export interface ItemResult {
  readonly id: string;
  readonly candidates: readonly CandidateResult[];
  /** Present when the request named a panel that routes. */
  readonly route?: RouteTaken;
  readonly group?: GroupSummary;
  readonly constrained?: ConstrainedSummary;
  /** Present where the panel judges in stages. */
  readonly judging?: Judging;
}

/** Server state that an answer was computed with. */
export interface StateUsed {
  readonly name: string;
  readonly version: number;
}

/** Wall time of each phase, milliseconds. Phases of concurrent work overlap, so they need not sum to the total. */
export interface Timing {
  readonly totalMs: number;
  /** Longest time a call of this request waited for a backend. */
  readonly queueMs: number;
  /** Tokenisation. */
  readonly prepareMs: number;
  /** Longest time a batch of this request ran. */
  readonly backendMs: number;
}

/** Counts for accounting. */
export interface Usage {
  readonly candidates: number;
  /** Candidate × judge scores that came from the cache. */
  readonly cachedScores: number;
  /**
   * Tokens that models read for this request; cached scores cost none, a shared forward pass counts once, a prompt that is read once for
   * several candidates counts for each of them.
   */
  readonly tokens: number;
}

export interface ScoreResult {
  readonly panel: string;
  readonly panelRevision: string;
  readonly results: readonly ItemResult[];
  /** States that the panel reads, with the versions that were read; the same versions give the same bits. */
  readonly states: readonly StateUsed[];
  readonly timing: Timing;
  readonly usage: Usage;
}
