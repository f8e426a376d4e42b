import { GatewayError } from "../domain/errors.ts";
import type { Steering, SteeringMode } from "../domain/reward.ts";
import { type CacheUse, DEFAULT_OPTIONS, type Detail, type Priority, type ScoreOptions, type WeightSet } from "../domain/score.ts";
import { MAX_ID_LENGTH } from "./request-rules.ts";

/** Weights of objectives as both wires carry them. */
export interface WireSteering {
  readonly objectiveWeights?: Readonly<Record<string, number>> | undefined;
  readonly steeringMode?: SteeringMode | undefined;
  readonly steeringAlpha?: number | undefined;
}

/** One weight set as both wires carry it. */
export interface WireWeightSet extends WireSteering {
  readonly name: string;
  readonly memberWeights?: Readonly<Record<string, number>> | undefined;
}

/** The options as both wires carry them, in domain words; what is absent takes its default. */
export interface WireOptions extends WireSteering {
  readonly weightSets?: readonly WireWeightSet[] | undefined;
  readonly stateVersions?: Readonly<Record<string, number>> | undefined;
  readonly detail?: Detail | undefined;
  readonly deadlineMs?: number | undefined;
  readonly cache?: CacheUse | undefined;
  readonly priority?: Priority | undefined;
}

/** The longest delay that a timer of Node can wait, milliseconds. */
export const MAX_DEADLINE_MS = 2_147_483_647;
/** Most weight sets of one request. */
export const MAX_WEIGHT_SETS = 64;

/**
 * Complete options from what a request says.
 *
 * @param allowedMs time that the call itself leaves, milliseconds from now; the earlier of it and `deadlineMs` counts
 * @throws {GatewayError} REQUEST_INVALID with the path of the option at fault; DEADLINE_EXCEEDED when no time is left
 */
export function resolveOptions(wire: WireOptions | undefined, allowedMs?: number): ScoreOptions {
  const steering = resolveSteering(wire, "");
  const weightSets = resolveWeightSets(wire?.weightSets ?? []);
  const stateVersions = resolveStateVersions(wire?.stateVersions ?? {});
  const deadlineMs = resolveDeadline(wire?.deadlineMs, allowedMs);
  return {
    detail: wire?.detail ?? DEFAULT_OPTIONS.detail,
    cache: wire?.cache ?? DEFAULT_OPTIONS.cache,
    priority: wire?.priority ?? DEFAULT_OPTIONS.priority,
    ...(steering && { steering }),
    ...(weightSets.length > 0 && { weightSets }),
    ...(stateVersions && { stateVersions }),
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

function resolveWeightSets(sets: readonly WireWeightSet[]): WeightSet[] {
  if (sets.length > MAX_WEIGHT_SETS) throw invalid("weightSets", `at most ${MAX_WEIGHT_SETS}`);
  const names = new Set<string>();
  return sets.map((set, i) => {
    const at = `weightSets[${i}]`;
    if (set.name === "" || set.name.length > MAX_ID_LENGTH) throw invalid(`${at}.name`, `a name of 1 to ${MAX_ID_LENGTH} characters`);
    if (names.has(set.name)) throw invalid(`${at}.name`, "names are unique within a request");
    names.add(set.name);
    const steering = resolveSteering(set, `${at}.`);
    const weights = Object.entries(set.memberWeights ?? {});
    if (weights.some(([, weight]) => !(Number.isFinite(weight) && weight >= 0))) throw invalid(`${at}.memberWeights`, "numbers from 0 on");
    if (steering === undefined && weights.length === 0) throw invalid(at, "objectiveWeights or memberWeights, or both");
    return { name: set.name, ...(steering && { steering }), ...(weights.length > 0 && { memberWeights: set.memberWeights! }) };
  });
}

function resolveStateVersions(versions: Readonly<Record<string, number>>): Readonly<Record<string, number>> | undefined {
  const entries = Object.entries(versions);
  if (entries.some(([, version]) => !(Number.isSafeInteger(version) && version >= 0)))
    throw invalid("stateVersions", "whole numbers from 0 on");
  return entries.length > 0 ? versions : undefined;
}

function resolveSteering(wire: WireSteering | undefined, prefix: string): Steering | undefined {
  if (wire === undefined) return undefined;
  const { objectiveWeights: weights, steeringMode, steeringAlpha } = wire;
  const names = weights === undefined ? [] : Object.keys(weights);
  if (weights === undefined || names.length === 0) {
    if (steeringMode !== undefined) throw invalid(`${prefix}steeringMode`, "used only together with objectiveWeights");
    if (steeringAlpha !== undefined) throw invalid(`${prefix}steeringAlpha`, "used only together with objectiveWeights");
    return undefined;
  }
  for (const name of names) {
    if (!Number.isFinite(weights[name])) throw invalid(`${prefix}objectiveWeights`, "finite numbers only");
  }
  const mode = steeringMode ?? "override";
  if (mode !== "blend") {
    if (steeringAlpha !== undefined) throw invalid(`${prefix}steeringAlpha`, "used only with steeringMode blend");
    return { weights, mode, alpha: 1 };
  }
  if (steeringAlpha === undefined) throw invalid(`${prefix}steeringAlpha`, "required with steeringMode blend");
  if (!(steeringAlpha >= 0 && steeringAlpha <= 1)) throw invalid(`${prefix}steeringAlpha`, "a number from 0 to 1");
  return { weights, mode, alpha: steeringAlpha };
}

function invalid(option: string, rule: string): GatewayError {
  const field = `options.${option}`;
  return new GatewayError("REQUEST_INVALID", `${field}: ${rule}`, { details: { field } });
}
