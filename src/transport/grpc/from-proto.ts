import { GatewayError } from "../../domain/errors.ts";
import type * as domain from "../../domain/item.ts";
import type { SteeringMode } from "../../domain/reward.ts";
import type { CacheUse, Detail, Priority, ScoreOptions, ScoreRequest } from "../../domain/score.ts";
import type * as item from "../../gen/rewardgate/v1/item.ts";
import type * as wire from "../../gen/rewardgate/v1/reward_service.ts";
import { resolveOptions } from "../request-options.ts";

/** Enum values of the wire in domain words; index 0, UNSPECIFIED, has none. */
const ROLES: readonly (domain.Role | undefined)[] = [undefined, "system", "developer", "user", "assistant", "tool"];
const OFFSET_UNITS: readonly (domain.OffsetUnit | undefined)[] = [undefined, "codePoint", "utf16"];
const STEERING_MODES: readonly (SteeringMode | undefined)[] = [undefined, "override", "multiply", "blend"];
const DETAILS: readonly (Detail | undefined)[] = [undefined, "reward", "judges", "full"];
const CACHE_USES: readonly (CacheUse | undefined)[] = [undefined, "use", "bypass", "refresh"];
const PRIORITIES: readonly (Priority | undefined)[] = [undefined, "critical", "standard", "sheddable"];

/**
 * A unary request in domain types. Limits are checked afterwards, with those of the other wire.
 * @param allowedMs time that the call's deadline leaves, milliseconds
 * @throws {GatewayError} REQUEST_INVALID with the path of the field at fault
 */
export function scoreRequestFromProto(request: wire.ScoreRequest, allowedMs: number | undefined): ScoreRequest {
  return {
    panel: request.panel,
    items: request.items.map((each, i) => itemFromProto(each, String(i), `items[${i}]`)),
    options: optionsFromProto(request.options, allowedMs),
    ...trainingFromProto(request),
  };
}

/** One message of a stream, as a request of one item; `fallbackId` is its position. */
export function streamRequestFromProto(request: wire.ScoreStreamRequest, fallbackId: string, allowedMs: number | undefined): ScoreRequest {
  if (request.item === undefined) throw missing("item");
  return {
    panel: request.panel,
    items: [itemFromProto(request.item, fallbackId, "item")],
    options: optionsFromProto(request.options, allowedMs),
    ...trainingFromProto(request),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Training = Pick<ScoreRequest, "run" | "step" | "policyVersion">;

function trainingFromProto({ run, step, policyVersion }: wire.ScoreRequest | wire.ScoreStreamRequest): Training {
  const to: Mutable<Training> = {};
  if (run !== undefined) to.run = run;
  if (step !== undefined) to.step = step;
  if (policyVersion !== undefined) to.policyVersion = policyVersion;
  return to;
}

function itemFromProto(from: item.Item, fallbackId: string, path: string): domain.Item {
  const to: Mutable<domain.Item> = {
    id: from.id === "" ? fallbackId : from.id,
    prompt: promptFromProto(from.prompt, path),
    candidates: from.candidates.map((each, i) => candidateFromProto(each, path, "candidates", i)),
  };
  if (from.baselines.length > 0) to.baselines = from.baselines.map((each, i) => candidateFromProto(each, path, "baselines", i));
  if (from.reference !== undefined) to.reference = from.reference;
  if (from.criteria.length > 0) to.criteria = from.criteria.map(criterionFromProto);
  if (from.domain !== undefined) to.domain = from.domain;
  if (from.language !== undefined) to.language = from.language;
  for (const _ in from.metadata) {
    to.metadata = from.metadata;
    break;
  }
  return to;
}

function candidateFromProto(from: item.Candidate, path: string, list: string, index: number): domain.Candidate {
  const to: Mutable<domain.Candidate> = { content: contentFromProto(from.content, path, list, index) };
  if (from.tokens !== undefined) to.tokens = from.tokens;
  if (from.kl !== undefined) to.kl = from.kl;
  if (from.truncated) to.truncated = true;
  if (from.offsets !== undefined) {
    const unit = required(OFFSET_UNITS, from.offsets.unit, () => `${path}.${list}[${index}].offsets.unit`);
    to.offsets = { unit, stepEnds: from.offsets.stepEnds, tokenEnds: from.offsets.tokenEnds };
  }
  return to;
}

function criterionFromProto(from: item.Criterion, index: number): domain.Criterion {
  const to: Mutable<domain.Criterion> = { name: from.name === "" ? String(index) : from.name, text: from.text };
  if (from.hard) to.hard = true;
  if (from.weight !== undefined) to.weight = from.weight;
  if (from.dependsOn.length > 0) to.dependsOn = from.dependsOn;
  return to;
}

function promptFromProto(from: item.Prompt | undefined, path: string): domain.Message[] {
  if (from?.form === undefined) throw missing(`${path}.prompt`);
  if (from.form.$case === "text") return [{ role: "user", content: from.form.value }];
  return from.form.value.messages.map((message, i) => {
    const role = required(ROLES, message.role, () => `${path}.prompt[${i}].role`);
    return { role, content: contentFromProto(message.content, path, "prompt", i) };
  });
}

function contentFromProto(from: item.Content | undefined, path: string, list: string, index: number): domain.Content {
  if (from?.form === undefined) throw missing(`${path}.${list}[${index}].content`);
  if (from.form.$case === "text") return from.form.value;
  return from.form.value.parts.map(({ kind }, i) => {
    if (kind === undefined) throw missing(`${path}.${list}[${index}].content[${i}]`);
    return kind.$case === "text" ? { type: "text", text: kind.value } : { type: "image", url: kind.value.url };
  });
}

function optionsFromProto(from: wire.ScoreOptions | undefined, allowedMs: number | undefined): ScoreOptions {
  if (from === undefined) return resolveOptions(undefined, allowedMs);
  return resolveOptions(
    {
      objectiveWeights: from.objectiveWeights,
      steeringMode: word(STEERING_MODES, from.steeringMode, "steeringMode"),
      steeringAlpha: from.steeringAlpha,
      detail: word(DETAILS, from.detail, "detail"),
      deadlineMs: from.deadlineMs,
      cache: word(CACHE_USES, from.cache, "cache"),
      priority: word(PRIORITIES, from.priority, "priority"),
      weightSets: from.weightSets.map((set, i) => ({
        ...set,
        steeringMode: word(STEERING_MODES, set.steeringMode, `weightSets[${i}].steeringMode`),
      })),
      stateVersions: from.stateVersions,
    },
    allowedMs,
  );
}

/** The word of an enum value; undefined for UNSPECIFIED, whose meaning is the default. */
function word<T>(words: readonly (T | undefined)[], value: number, option: string): T | undefined {
  if (value >= 0 && value < words.length) return words[value];
  throw unknown(`options.${option}`, value);
}

/** The word of an enum value that has no default. */
function required<T>(words: readonly (T | undefined)[], value: number, field: () => string): T {
  const found = words[value];
  if (found !== undefined) return found;
  throw value === 0 ? missing(field()) : unknown(field(), value);
}

function unknown(field: string, value: number): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${field}: unknown enum value ${value}`, { details: { field } });
}

function missing(field: string): GatewayError {
  return new GatewayError("REQUEST_INVALID", `${field}: required`, { details: { field } });
}
