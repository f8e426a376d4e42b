import { type ErrorReason, GatewayError } from "../domain/errors.ts";
import { type Content, type Criterion, type Item, type Offsets, textOf } from "../domain/item.ts";
import type { RequestLimits } from "../domain/limits.ts";
import type { ScoreRequest } from "../domain/score.ts";

/** Longest id, UTF-16 units: ids are kept and echoed, so they are names and not texts. */
export const MAX_ID_LENGTH = 256;
/** Longest name of a run or of a policy's version, UTF-16 units. */
export const MAX_LABEL_LENGTH = 128;
/** Most criteria of one item: each is read by judges that are paid by the word. */
export const MAX_CRITERIA = 64;
/** Elements that every request may have: one for each 32 bytes of a body of the usual limit, and honest ones are longer. */
const FEWEST_MAX_ELEMENTS = 262_144;
/** Elements that a candidate may bring: itself, its parts, its offsets, or the pair and its texts on a trainer's wire. */
const ELEMENTS_PER_CANDIDATE = 8;
/** The last step of training that the wires can carry. */
export const MAX_STEP = 0xffff_ffff;

/**
 * Most elements of a request: what its lists hold, and in JSON objects and lists too. They are counted in the bytes, before anything is made
 * of them: a body has room for millions of empty ones, which would hold the event loop for seconds until the other limits are looked at.
 */
export function maxElements({ maxCandidates }: Pick<RequestLimits, "maxCandidates">): number {
  return Math.max(FEWEST_MAX_ELEMENTS, ELEMENTS_PER_CANDIDATE * maxCandidates);
}

/** TOO_LARGE for a request of more elements than `maxElements`. */
export function tooManyElements(limit: number): GatewayError {
  const message = `the request has more than ${limit} elements in its lists; split the request`;
  return new GatewayError("TOO_LARGE", message, { details: { limit } });
}

/**
 * Holds a request to the rules and limits that both wires share. Paths in messages are those of the JSON form.
 *
 * @param form `unary`: paths start with `items[i]`; `stream`: with `item`
 * @throws {GatewayError} REQUEST_INVALID, CANDIDATES_EMPTY, TOO_LARGE with the path of the field at fault
 */
export function checkScoreRequest(request: ScoreRequest, limits: RequestLimits, form: "unary" | "stream"): void {
  checkText(request.panel, "panel", limits.maxTextLength);
  if (request.panel === "") throw refuse("panel", "the name of a panel is required");
  const { items, step } = request;
  if (request.run !== undefined) checkLabel(request.run, "run");
  if (request.policyVersion !== undefined) checkLabel(request.policyVersion, "policyVersion");
  if (step !== undefined && !(Number.isInteger(step) && step >= 0 && step <= MAX_STEP)) {
    throw refuse("step", `a step is an integer from 0 to ${MAX_STEP}`);
  }
  if (items.length === 0) throw refuse("items", "at least one item is required");
  if (items.length > limits.maxItems) throw tooLarge("items", `${items.length} items`, limits.maxItems);
  let candidates = 0;
  const ids = new Set<string>();
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as Item;
    const path = form === "stream" ? "item" : `items[${i}]`;
    candidates += item.candidates.length + (item.baselines?.length ?? 0);
    if (candidates > limits.maxCandidates) {
      throw tooLarge(`${path}.candidates`, "candidates of all items together", limits.maxCandidates);
    }
    checkItem(item, path, limits.maxTextLength);
    if (ids.has(item.id)) throw refuse(`${path}.id`, "ids must be unique within a request");
    ids.add(item.id);
  }
  if (request.options.steering !== undefined) {
    for (const name in request.options.steering.weights) checkText(name, "options.objectiveWeights", MAX_ID_LENGTH);
  }
}

function checkItem(item: Item, path: string, maxTextLength: number): void {
  checkText(item.id, `${path}.id`, MAX_ID_LENGTH);
  if (item.id === "") throw refuse(`${path}.id`, "an id is not empty; leave it out for the position of the item");
  let anyPrompt = false;
  for (let i = 0; i < item.prompt.length; i++) {
    const { content } = item.prompt[i] as Item["prompt"][number];
    anyPrompt ||= content.length > 0;
    if (!fits(content, maxTextLength)) checkContent(content, `${path}.prompt[${i}].content`, maxTextLength);
  }
  if (!anyPrompt) throw refuse(`${path}.prompt`, "a prompt is not empty");
  if (item.candidates.length === 0) throw refuse(`${path}.candidates`, "at least one candidate is required", "CANDIDATES_EMPTY");
  checkCandidates(item.candidates, `${path}.candidates`, maxTextLength);
  if (item.baselines !== undefined) checkCandidates(item.baselines, `${path}.baselines`, maxTextLength);
  if (item.reference !== undefined) checkText(item.reference, `${path}.reference`, maxTextLength);
  if (item.criteria !== undefined) checkCriteria(item.criteria, `${path}.criteria`, maxTextLength);
  if (item.domain !== undefined) checkText(item.domain, `${path}.domain`, MAX_ID_LENGTH);
  if (item.language !== undefined) checkText(item.language, `${path}.language`, MAX_ID_LENGTH);
  for (const key in item.metadata) {
    checkText(key, `${path}.metadata`, MAX_ID_LENGTH);
    checkText(item.metadata[key] as string, `${path}.metadata`, maxTextLength);
  }
}

function checkCandidates(candidates: Item["candidates"], path: string, maxTextLength: number): void {
  for (let i = 0; i < candidates.length; i++) {
    const { content, tokens, kl, offsets } = candidates[i] as Item["candidates"][number];
    if (!fits(content, maxTextLength)) checkContent(content, `${path}[${i}].content`, maxTextLength);
    if (tokens !== undefined && !(Number.isSafeInteger(tokens) && tokens >= 0)) {
      throw refuse(`${path}[${i}].tokens`, "a length is a whole number from 0 on");
    }
    if (kl !== undefined && !Number.isFinite(kl)) throw refuse(`${path}[${i}].kl`, "a divergence is a finite number");
    if (offsets !== undefined) checkOffsets(offsets, textOf(content), `${path}[${i}].offsets`);
  }
}

/**
 * Holds the criteria of an item to their rules: names are unique, dependencies exist and lead back to none.
 *
 * @param path of the list in the JSON form
 * @throws {GatewayError} REQUEST_INVALID, TOO_LARGE with the path of the field at fault
 */
export function checkCriteria(criteria: readonly Criterion[], path: string, maxTextLength: number): void {
  if (criteria.length > MAX_CRITERIA) throw tooLarge(path, `${criteria.length} criteria`, MAX_CRITERIA, "send fewer");
  const names = new Set<string>();
  for (const [i, { name, text, weight }] of criteria.entries()) {
    checkLabel(name, `${path}[${i}].name`);
    if (names.has(name)) throw refuse(`${path}[${i}].name`, "names of criteria must be unique within an item");
    names.add(name);
    checkText(text, `${path}[${i}].text`, maxTextLength);
    if (text.trim() === "") throw refuse(`${path}[${i}].text`, "a criterion is not empty");
    if (weight !== undefined && !(Number.isFinite(weight) && weight > 0)) {
      throw refuse(`${path}[${i}].weight`, "a weight is a finite number above 0");
    }
  }
  checkDependencies(criteria, names, path);
}

function checkDependencies(criteria: readonly Criterion[], names: ReadonlySet<string>, path: string): void {
  const met = new Set<string>();
  let open = [...criteria.entries()];
  for (const [i, { dependsOn = [] }] of open) {
    if (!dependsOn.every((name) => names.has(name)))
      throw refuse(`${path}[${i}].dependsOn`, "names a criterion that the item does not have");
  }
  while (open.length > 0) {
    const next = open.filter(([, { dependsOn = [] }]) => !dependsOn.every((name) => met.has(name)));
    if (next.length === open.length) throw refuse(`${path}[${open[0]![0]}].dependsOn`, "criteria depend on each other in a circle");
    for (const [, { name }] of open) if (!next.some(([, left]) => left.name === name)) met.add(name);
    open = next;
  }
}

function checkOffsets({ unit, stepEnds, tokenEnds }: Offsets, text: string, path: string): void {
  const length = unit === "utf16" ? text.length : codePoints(text);
  const isPlace = (end: number) => Number.isInteger(end) && end <= length && (unit !== "utf16" || !splitsPair(text, end));
  if (!stepEnds.every((end, h) => isPlace(end) && end > (stepEnds[h - 1] ?? 0))) {
    throw refuse(`${path}.stepEnds`, `ends of steps are places of the text, ascending, from above 0 to ${length}`);
  }
  if (!tokenEnds.every((end, t) => isPlace(end) && end >= (tokenEnds[t - 1] ?? 0))) {
    throw refuse(`${path}.tokenEnds`, `ends of tokens are places of the text, never falling, from 0 to ${length}`);
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Whether the two units beside a place are one character. */
function splitsPair(text: string, place: number): boolean {
  return place > 0 && place < text.length && text.codePointAt(place - 1)! > 0xffff;
}

/** The common case, decided without building a path. */
function fits(content: Content, maxTextLength: number): boolean {
  return typeof content === "string" && content.length <= maxTextLength && content.isWellFormed();
}

function checkContent(content: Content, path: string, maxTextLength: number): void {
  if (typeof content === "string") {
    checkText(content, path, maxTextLength);
    return;
  }
  if (content.length === 0) throw refuse(path, "at least one part is required");
  for (let i = 0; i < content.length; i++) {
    const part = content[i] as Exclude<Content, string>[number];
    if (part.type === "text") checkText(part.text, `${path}[${i}].text`, maxTextLength);
    else checkText(part.url, `${path}[${i}].image_url.url`, maxTextLength);
  }
}

/**
 * A name that is listed and addressed: not empty, short, without control characters.
 * @throws {GatewayError} REQUEST_INVALID, TOO_LARGE
 */
export function checkLabel(text: string, path: string): void {
  checkText(text, path, MAX_LABEL_LENGTH);
  if (text === "") throw refuse(path, "is not empty; leave it out instead");
  if (/\p{Cc}/u.test(text)) throw refuse(path, "holds a control character");
}

function checkText(text: string, path: string, maxLength: number): void {
  if (text.length > maxLength) throw tooLarge(path, `${text.length} UTF-16 units`, maxLength, "shorten it");
  if (!text.isWellFormed()) throw refuse(path, "holds half of a surrogate pair; send well-formed Unicode");
}

/** @returns REQUEST_INVALID, or another reason, at a field */
export function refuse(field: string, rule: string, reason: ErrorReason = "REQUEST_INVALID"): GatewayError {
  return new GatewayError(reason, `${field}: ${rule}`, { details: { field } });
}

function tooLarge(field: string, what: string, limit: number, remedy = "split the request"): GatewayError {
  return new GatewayError("TOO_LARGE", `${field}: ${what}; the limit is ${limit}; ${remedy}`, { details: { field, limit } });
}
