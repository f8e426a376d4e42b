import { GatewayError } from "../domain/errors.ts";
import type { Steering, SteeringMode } from "../domain/reward.ts";
import { type CacheUse, DEFAULT_OPTIONS, type Detail, type Priority, type ScoreOptions } from "../domain/score.ts";

/** The options as both wires carry them, in domain words; what is absent takes its default. */
export interface WireOptions {
  readonly objectiveWeights?: Readonly<Record<string, number>> | undefined;
  readonly steeringMode?: SteeringMode | undefined;
  readonly steeringAlpha?: number | undefined;
  readonly detail?: Detail | undefined;
  readonly deadlineMs?: number | undefined;
  readonly cache?: CacheUse | undefined;
  readonly priority?: Priority | undefined;
}

/** The longest delay that a timer of Node can wait, milliseconds. */
export const MAX_DEADLINE_MS = 2_147_483_647;

/**
 * Complete options from what a request says.
 *
 * @param allowedMs time that the call itself leaves, milliseconds from now; the earlier of it and `deadlineMs` counts
 * @throws {GatewayError} REQUEST_INVALID with the path of the option at fault; DEADLINE_EXCEEDED when no time is left
 */
export function resolveOptions(wire: WireOptions | undefined, allowedMs?: number): ScoreOptions {
  const steering = resolveSteering(wire);
  const deadlineMs = resolveDeadline(wire?.deadlineMs, allowedMs);
  return {
    detail: wire?.detail ?? DEFAULT_OPTIONS.detail,
    cache: wire?.cache ?? DEFAULT_OPTIONS.cache,
    priority: wire?.priority ?? DEFAULT_OPTIONS.priority,
    ...(steering && { steering }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}

function resolveDeadline(askedMs: number | undefined, allowedMs: number | undefined): number | undefined {
  if (askedMs !== undefined && !(Number.isInteger(askedMs) && askedMs >= 1 && askedMs <= MAX_DEADLINE_MS)) {
    throw invalid("deadlineMs", `a whole number of milliseconds from 1 to ${MAX_DEADLINE_MS}`);
  }
  if (allowedMs !== undefined && allowedMs <= 0) {
    throw new GatewayError("DEADLINE_EXCEEDED", "the deadline of the call had passed when it arrived; allow more time");
  }
  if (askedMs === undefined || allowedMs === undefined) return askedMs ?? allowedMs;
  return Math.min(askedMs, allowedMs);
}

function resolveSteering(wire: WireOptions | undefined): Steering | undefined {
  if (wire === undefined) return undefined;
  const { objectiveWeights: weights, steeringMode, steeringAlpha } = wire;
  const names = weights === undefined ? [] : Object.keys(weights);
  if (weights === undefined || names.length === 0) {
    if (steeringMode !== undefined) throw invalid("steeringMode", "used only together with objectiveWeights");
    if (steeringAlpha !== undefined) throw invalid("steeringAlpha", "used only together with objectiveWeights");
    return undefined;
  }
  for (const name of names) {
    if (!Number.isFinite(weights[name])) throw invalid("objectiveWeights", "finite numbers only");
  }
  const mode = steeringMode ?? "override";
  if (mode !== "blend") {
    if (steeringAlpha !== undefined) throw invalid("steeringAlpha", "used only with steeringMode blend");
    return { weights, mode, alpha: 1 };
  }
  if (steeringAlpha === undefined) throw invalid("steeringAlpha", "required with steeringMode blend");
  if (!(steeringAlpha >= 0 && steeringAlpha <= 1)) throw invalid("steeringAlpha", "a number from 0 to 1");
  return { weights, mode, alpha: steeringAlpha };
}

function invalid(option: string, rule: string): GatewayError {
  const field = `options.${option}`;
  return new GatewayError("REQUEST_INVALID", `${field}: ${rule}`, { details: { field } });
}
