/** RewardGate as a library: the gateway in your own process, and its vocabulary. */
export { type Gateway, type GatewayOptions, openGateway, type RunningGateway, serve } from "./app.ts";
export { type LoadOptions, loadConfig } from "./config/load.ts";
export type { Config } from "./config/schema.ts";
export type { ConstrainedSummary, Verdict } from "./domain/constraint.ts";
export { type ConfigProblem, ERROR_TABLE, type ErrorDetails, type ErrorReason, GatewayError } from "./domain/errors.ts";
export type { Candidate, Content, ContentPart, Item, Message, Role } from "./domain/item.ts";
export type { Steering, SteeringMode } from "./domain/reward.ts";
export type { AlarmKind, RunAlarm, RunQuery, RunReport, RunRow, RunStatistics, RunSummary } from "./domain/run.ts";
export {
  type CandidateResult,
  DEFAULT_OPTIONS,
  type Detail,
  type ItemResult,
  type JudgePart,
  type Outcome,
  type Priority,
  type ScoreOptions,
  type ScoreRequest,
  type ScoreResult,
  type WeightSet,
} from "./domain/score.ts";
export type { CallContext, JudgeInfo, PanelInfo, Readiness, ReadinessSource, RewardService, VersionInfo } from "./domain/service.ts";
export type { StateKindName, StateReader, StateSnapshot, StateValue } from "./domain/state.ts";
export * as evaluation from "./evaluation/index.ts";
export * as judges from "./judges/library.ts";
export * as reward from "./reward/library.ts";
export { createLogger, type Logger } from "./telemetry/log.ts";
export { VERSION } from "./version.ts";
