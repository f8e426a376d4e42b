import type { ScoreSpace } from "./score-space.ts";

/** What the constraint judges found together, or one of them: it could not tell, when it is `unknown`. */
export type Verdict = "satisfied" | "violated" | "unknown";

/** What constrained optimisers train on for one item; numbers are places of candidates. */
export interface ConstrainedSummary {
  /** Candidates that satisfy the constraints, ascending; only these enter a mean reward. */
  readonly positive: readonly number[];
  /** Candidates that do not, ascending. */
  readonly negative: readonly number[];
  /** CRRAFT's candidate; absent when none qualifies. */
  readonly crraftBest?: number;
  /** CRRAFT's weight of the baseline completion, ½ or 0. Present where the panel has a baseline. */
  readonly baselineWeight?: number;
  /** CODPO's pair; absent when there is none, and the prompt is best skipped. */
  readonly codpo?: { readonly chosen: number; readonly rejected: number };
}

/** One item under constraints. Shapes [N], the candidates in request order. */
export interface ConstrainedGroup {
  /** Aggregated rewards; null where the candidate has none. */
  readonly rewards: readonly (number | null)[];
  readonly verdicts: readonly Verdict[];
  /** Reward of the baseline completion under the same panel; absent when the item has none. */
  readonly baseline?: number;
  readonly baselineVerdict?: Verdict;
  /** Nats; null where the request says nothing. */
  readonly kl: readonly (number | null)[];
  readonly truncated: readonly boolean[];
}

/** What a candidate under constraints gets. */
export interface ConstrainedReward {
  /** The number for the trainer; null when a violation withholds it. */
  readonly reward: number | null;
  readonly calibrated?: number;
  readonly crpg?: number;
  readonly crpgCentred?: number;
  readonly crraft?: number;
}

/** How verdicts and rewards become what a trainer optimises under constraints. */
export interface Constraining {
  readonly revision: string;
  /** Whether it compares with the item's own baselines. */
  readonly readsBaselines: boolean;
  /** Whether the request has to tell every candidate's KL divergence. */
  readonly readsKl: boolean;
  /** Space of the reward that leaves the panel. */
  readonly spaceOut: ScoreSpace;
  /** The verdict of several constraints together. */
  join(verdicts: readonly Verdict[]): Verdict;
  /** @returns one entry per candidate that has a reward and a verdict, or violates a constraint, null for the others; and the item's summary */
  apply(group: ConstrainedGroup): { readonly rewards: readonly (ConstrainedReward | null)[]; readonly summary: ConstrainedSummary };
}
