import type { Truncation } from "./backend.ts";
import type { ErrorReason } from "./errors.ts";
import type { Item } from "./item.ts";
import type { Steering } from "./reward.ts";

/** How much the answer says: `reward` only, each `judges` part, or `full` with objectives and gating. */
export type Detail = "reward" | "judges" | "full";

/** `use` reads and writes, `bypass` does neither, `refresh` writes only. */
export type CacheUse = "use" | "bypass" | "refresh";

/** Order in the queue; within a priority, first come, first served by age and length. */
export type Priority = "critical" | "standard" | "sheddable";
export const PRIORITIES: readonly Priority[] = ["critical", "standard", "sheddable"];

export interface ScoreOptions {
  readonly detail: Detail;
  readonly cache: CacheUse;
  readonly priority: Priority;
  /** Request weights for multi-objective judges. */
  readonly steering?: Steering;
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
export type Outcome = "scored" | "failed" | "skipped" | "abstained" | "not_applicable";

/** Why something has no number. */
export interface Failure {
  readonly reason: ErrorReason;
  readonly message: string;
  readonly retryable: boolean;
}

/** One judge's part in a candidate's reward. Numbers are present only where the outcome is `scored` (or imputed). */
export interface JudgePart {
  readonly judge: string;
  readonly outcome: Outcome;
  readonly raw?: number;
  readonly calibrated?: number;
  readonly transformed?: number;
  /** Effective weight in this candidate's reward; 0 when the member did not count. */
  readonly weight: number;
  readonly contribution?: number;
  /** Objective name → raw value. */
  readonly objectives?: Readonly<Record<string, number>>;
  /** Objective name → gating weight that was used. */
  readonly gating?: Readonly<Record<string, number>>;
  /** Objective name → what it added to the judge's scalar: gating × (value − penalty × verbosity). */
  readonly objectiveContributions?: Readonly<Record<string, number>>;
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

export type CandidateStatus = "complete" | "degraded" | "failed";

export interface CandidateResult {
  readonly status: CandidateStatus;
  /** Absent exactly when the status is `failed`. */
  readonly reward?: number;
  readonly failure?: Failure;
  /** One part per member, in the panel's order. Empty when detail is `reward`. */
  readonly judges: readonly JudgePart[];
}

export interface ItemResult {
  readonly id: string;
  readonly candidates: readonly CandidateResult[];
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
  /** Tokens that models read for this request; cached scores cost none, a shared forward pass counts once. */
  readonly tokens: number;
}

export interface ScoreResult {
  readonly panel: string;
  readonly panelRevision: string;
  readonly results: readonly ItemResult[];
  readonly timing: Timing;
  readonly usage: Usage;
}
