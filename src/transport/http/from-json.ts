import type { ZodType, z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { Candidate, Content, Criterion, Item, Message } from "../../domain/item.ts";
import type { ScoreRequest } from "../../domain/score.ts";
import { resolveOptions } from "../request-options.ts";
import {
  type CandidateJson,
  type ContentJson,
  type CriterionJson,
  type ItemJson,
  type PromptJson,
  ScoreRequestJson,
  ScoreStreamRequestJson,
} from "./request-schema.ts";

/**
 * A unary body in domain types. Limits are checked afterwards, with those of the other wire.
 * @param allowedMs time that the caller's header leaves, milliseconds
 * @throws {GatewayError} REQUEST_INVALID with the path of the field at fault
 */
export function scoreRequestFromJson(json: unknown, allowedMs: number | undefined): ScoreRequest {
  const { items, options, ...rest } = parseJson(ScoreRequestJson, json);
  return { ...rest, items: items.map((item, i) => itemFromJson(item, String(i))), options: resolveOptions(options, allowedMs) };
}

/** One line of a stream, as a request of one item; `fallbackId` is its position. */
export function streamRequestFromJson(json: unknown, fallbackId: string, allowedMs: number | undefined): ScoreRequest {
  const { item, options, ...rest } = parseJson(ScoreStreamRequestJson, json);
  return { ...rest, items: [itemFromJson(item, fallbackId)], options: resolveOptions(options, allowedMs) };
}

/** The id that a line of a stream gives its item, readable even where the rest of the line breaks a rule. */
export function idOfLine(json: unknown): string | undefined {
  const item = typeof json === "object" && json !== null && "item" in json ? json.item : undefined;
  const id = typeof item === "object" && item !== null && "id" in item ? item.id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function itemFromJson(from: ItemJson, fallbackId: string): Item {
  const to: Mutable<Item> = {
    id: from.id ?? fallbackId,
    prompt: promptFromJson(from.prompt),
    candidates: from.candidates.map(candidateFromJson),
  };
  if (from.baselines !== undefined && from.baselines.length > 0) to.baselines = from.baselines.map(candidateFromJson);
  if (from.reference !== undefined) to.reference = from.reference;
  if (from.criteria !== undefined && from.criteria.length > 0) to.criteria = from.criteria.map(criterionFromJson);
  if (from.domain !== undefined) to.domain = from.domain;
  if (from.language !== undefined) to.language = from.language;
  if (from.metadata !== undefined) to.metadata = from.metadata;
  return to;
}

function candidateFromJson({ content, tokens, kl, truncated, offsets }: CandidateJson): Candidate {
  const to: Mutable<Candidate> = { content: contentFromJson(content) };
  if (tokens !== undefined) to.tokens = tokens;
  if (kl !== undefined) to.kl = kl;
  if (truncated) to.truncated = true;
  if (offsets !== undefined) to.offsets = { unit: offsets.unit, stepEnds: offsets.stepEnds ?? [], tokenEnds: offsets.tokenEnds ?? [] };
  return to;
}

function criterionFromJson({ name, text, hard, weight, dependsOn }: CriterionJson, index: number): Criterion {
  const to: Mutable<Criterion> = { name: name ?? String(index), text };
  if (hard) to.hard = true;
  if (weight !== undefined) to.weight = weight;
  if (dependsOn !== undefined && dependsOn.length > 0) to.dependsOn = dependsOn;
  return to;
}

function promptFromJson(from: PromptJson): Message[] {
  if (typeof from === "string") return [{ role: "user", content: from }];
  return from.map(({ role, content }) => ({ role, content: contentFromJson(content) }));
}

function contentFromJson(from: ContentJson): Content {
  if (typeof from === "string") return from;
  return from.map((part) => (part.type === "text" ? part : { type: "image", url: part.image_url.url }));
}

type Issue = z.core.$ZodIssue;

/**
 * A body in the form of its schema.
 * @throws {GatewayError} REQUEST_INVALID with the path of the field at fault, and never with a value
 */
export function parseJson<T>(schema: ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  // A name that is not known explains best why another is missing.
  const { issues } = parsed.error;
  const { field, message } = describe(issues.find(({ code }) => code === "unrecognized_keys") ?? (issues[0] as Issue), []);
  throw new GatewayError("REQUEST_INVALID", field === "" ? message : `${field}: ${message}`, { details: field === "" ? {} : { field } });
}

/** The place of an issue and what is wrong there, without any value of the request. */
function describe(issue: Issue, parents: readonly PropertyKey[]): { field: string; message: string } {
  const path = [...parents, ...issue.path];
  if (issue.code === "invalid_union") {
    // The branch of the type that was sent is the one whose fault lies deeper.
    const deeper = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"));
    if (deeper !== undefined) return describe(deeper[0] as Issue, path);
    if ("discriminator" in issue) return { field: formatPath(path), message: issue.message };
    return { field: formatPath(path), message: "expected text or an array" };
  }
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? "";
    // A name longer than any field's may be text of a prompt.
    if (!/^\w{1,40}$/.test(key)) return { field: formatPath(path), message: "has an unknown field" };
    return { field: formatPath([...path, key]), message: "unknown field" };
  }
  return { field: formatPath(path), message: issue.message.replace(/^Invalid \w+: /, "") };
}

/** `items[3].candidates[0].content`; keys of maps are left out, since they are the caller's words. */
function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (typeof key === "string" && /^\w{1,40}$/.test(key)) text += text === "" ? key : `.${key}`;
  }
  return text;
}
