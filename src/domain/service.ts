import type { RouteRow } from "./panel.ts";
import type { ScoreRequest, ScoreResult } from "./score.ts";

/** What a transport knows of a call besides its content. */
export interface CallContext {
  readonly requestId: string;
  readonly transport: "grpc" | "http" | "cli";
  /** Whether the call is one of a stream, whose items come one at a time. */
  readonly streamed?: boolean;
  /** Aborts when the caller cancels or disconnects. */
  readonly signal: AbortSignal;
}

export interface JudgeInfo {
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  readonly revision: string;
  readonly space: string;
  readonly determinism: string;
  readonly accepts: readonly string[];
  readonly objectives: readonly string[];
  readonly backend: string;
  readonly device: string;
  /** Most tokens that the model reads; 0 when it has no such limit. */
  readonly maxTokens: number;
  readonly license: string;
  readonly ready: boolean;
}

export interface PanelMemberInfo {
  readonly judge: string;
  /** Name of the member; the judge's, unless the panel names it otherwise. */
  readonly name: string;
  /** `counts`, `shadow` or `audit`. */
  readonly standing: string;
  readonly weight: number;
  readonly calibration: string;
  readonly transforms: readonly string[];
  readonly onFailure: string;
  /** When it is asked: 0 at once, a later one only while the item is open. */
  readonly stage: number;
}

export interface PanelInfo {
  readonly name: string;
  readonly description: string;
  readonly revision: string;
  readonly aggregation: string;
  readonly space: string;
  /** Empty for a panel that routes. */
  readonly members: readonly PanelMemberInfo[];
  /** Each constraint in words: judge, bound. */
  readonly constraints: readonly string[];
  /** Estimator of advantages; empty when the panel computes none. */
  readonly advantages: string;
  /** States that rewards depend on. */
  readonly states: readonly string[];
  /** Rows of a panel that routes, the default last; empty for one that judges. */
  readonly routes: readonly RouteRow[];
  /** What leaves an item open for members of later stages, each rule in words; empty for a panel that asks everybody at once. */
  readonly sequence: readonly string[];
}

export interface VersionInfo {
  readonly version: string;
  readonly commit: string;
  readonly node: string;
  readonly configDigest: string;
}

/** One state of readiness and why. */
export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  /** Whether the gateway is not ready while it fails; false for what every replica shares, which no other replica would answer better. */
  readonly decides: boolean;
}

/** Readiness, as the probes and the gRPC health service show it. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

/** The service behind every wire. Transports translate; they decide nothing. */
export interface RewardService {
  /**
   * Scores every candidate of every item. Resolves with a status per candidate; rejects only when nothing was scored.
   * @throws {GatewayError} REQUEST_INVALID, PANEL_NOT_FOUND, QUEUE_FULL, SHUTTING_DOWN, DEADLINE_EXCEEDED, CALLER_GONE
   */
  score(request: ScoreRequest, context: CallContext): Promise<ScoreResult>;
  judges(): readonly JudgeInfo[];
  panels(): readonly PanelInfo[];
  version(): VersionInfo;
}

/** Readiness as a value that changes; listeners hear each change. */
export interface ReadinessSource {
  current(): Readiness;
  /** @returns a function that stops listening */
  onChange(listener: (readiness: Readiness) => void): () => void;
}
