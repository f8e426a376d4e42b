import { resolve } from "node:path";
import type { ConfigProblem } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import type { ReferenceResponses } from "../domain/reward.ts";
import type { ArtefactName } from "./panel-schema.ts";
import type { Finding, KeyPath } from "./problems.ts";
import { type OpenedArtefact, openArtefact, type ReferenceArtefact, type ReferenceEntry } from "./reference-artefact.ts";
import type { Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

/** The artefacts of a configuration, each read once. */
export interface ReferenceShelf {
  /** Names that the configuration declares. */
  readonly names: readonly string[];
  /** @returns undefined when the file is of no use, which `problems` is told once */
  open(name: string): Promise<OpenedArtefact | undefined>;
}

/** A shelf over the `references` of a configuration; problems of files go to `problems`. */
export function createReferenceShelf({ references, origin }: Config, problems: ConfigProblem[]): ReferenceShelf {
  const opened = new Map<string, Promise<OpenedArtefact | undefined>>();
  const read = async (name: string): Promise<OpenedArtefact | undefined> => {
    const found = await openArtefact(resolve(origin.folder, references[name]!.file));
    if ("artefact" in found) return found;
    problems.push(...found.problems.map((problem) => ({ ...problem, cause: `${problem.cause} (references.${name})` })));
    return undefined;
  };
  return {
    names: Object.keys(references),
    open: (name) => {
      const known = opened.get(name) ?? read(name);
      opened.set(name, known);
      return known;
    },
  };
}

/** A judge as a member reads it now. */
export interface CurrentReading {
  readonly judge: Judge;
  readonly objective: string | undefined;
  /** Revision of its calibration, or none. */
  readonly calibration: string;
}

/** Parameters whose artefacts have given way to what they hold. */
export interface Substituted {
  readonly params: Record<string, unknown>;
  /** Digests of the artefacts that were used. */
  readonly sha256: readonly string[];
  /** Scores per prompt, of an artefact of responses. */
  readonly responses?: ReferenceResponses;
}

/** What references are resolved with. */
export interface ReferenceContext {
  readonly config: Config;
  readonly judges: ReadonlyMap<string, { readonly judge: Judge }>;
  readonly references: ReferenceShelf;
  report(finding: Finding): void;
}

/**
 * Puts reference values and distributions of calibrated scores in the place of the artefacts that a transform names. Responses
 * become the item's own baselines, with scores per prompt for items that bring none.
 *
 * @param keys keys of the parameters that may name an artefact: a list of scores, or one reference reward
 * @returns undefined when something is wrong, which the context has been told
 */
export async function substituteCalibrated(
  path: KeyPath,
  params: Record<string, unknown>,
  keys: readonly string[],
  { reading, context }: { readonly reading: CurrentReading; readonly context: ReferenceContext },
): Promise<Substituted | undefined> {
  let result: Substituted = { params, sha256: [] };
  for (const key of keys) {
    const named = artefactIn(params[key]);
    if (named === undefined) continue;
    const at = [...path, key];
    const found = await entryOf(at, named, reading, { calibrated: true, context });
    if (found === undefined) return undefined;
    const { entry, opened } = found;
    const sha256 = [...result.sha256, opened.sha256];
    if (named.q !== undefined && !("calibrated" in entry)) {
      const cause = `reference "${named.artefact}" is of kind ${opened.artefact.kind}, and a quantile is taken from a distribution`;
      context.report({ path: [...at, "q"], cause, remedy: "remove q, or name an artefact of kind distribution" });
      return undefined;
    }
    if ("responses" in entry) {
      const byPrompt = new Map(Object.entries(entry.responses).map(([digest, scores]) => [digest, Float64Array.from(scores)]));
      result = { params: { ...result.params, [key]: "item" }, sha256, responses: { artefact: named.artefact, byPrompt } };
    } else result = { ...result, params: { ...result.params, [key]: constantsOf(entry, key, named) }, sha256 };
  }
  return result;
}

function constantsOf(entry: Exclude<ReferenceEntry, { responses: unknown }>, key: string, { q }: ArtefactName): unknown {
  const scalar = key === "reference";
  if ("value" in entry) return scalar ? entry.value : [entry.value];
  return scalar ? { method: "quantile", scores: entry.calibrated, q: q ?? DEFAULT_QUANTILE } : entry.calibrated;
}

/** Quantile that a good completion should reach, the same as of transforms that state scores themselves. */
const DEFAULT_QUANTILE = 0.85;

/**
 * Puts raw reference scores in the place of the artefacts that a calibration names.
 *
 * @returns undefined when something is wrong, which the context has been told
 */
export async function substituteRaw(
  path: KeyPath,
  params: Record<string, unknown>,
  keys: readonly string[],
  { reading, context }: { readonly reading: Omit<CurrentReading, "calibration">; readonly context: ReferenceContext },
): Promise<Substituted | undefined> {
  let result: Substituted = { params, sha256: [] };
  for (const key of keys) {
    const named = artefactIn(params[key]);
    if (named === undefined) continue;
    const at = [...path, key];
    const of = named.judge === undefined ? reading : otherReading(at, named.judge, context);
    const found = of && (await entryOf(at, named, { ...of, calibration: "" }, { calibrated: false, context }));
    if (found === undefined) return undefined;
    const { entry, opened } = found;
    result = { params: { ...result.params, [key]: (entry as { raw: readonly number[] }).raw }, sha256: [...result.sha256, opened.sha256] };
  }
  return result;
}

/** @returns undefined when there is no such judge, or when its bundle has problems of its own, which are told already */
function otherReading(path: KeyPath, name: string, { config, judges, report }: ReferenceContext) {
  if (!Object.hasOwn(config.judges, name)) {
    const remedy = nameRemedy(name, Object.keys(config.judges), "define it under judges");
    report({ path: [...path, "judge"], cause: `no judge "${name}"`, remedy });
  }
  const judge = judges.get(name)?.judge;
  return judge && { judge, objective: undefined };
}

/** The artefact that a value of a parameter names, if it does. */
export function artefactIn(value: unknown): ArtefactName | undefined {
  return typeof value === "object" && value !== null && "artefact" in value ? (value as ArtefactName) : undefined;
}

/** The entry of the judge in the artefact, if it is of this very judge and, for calibrated scores, of this very calibration. */
async function entryOf(
  path: KeyPath,
  { artefact: name }: ArtefactName,
  { judge, objective, calibration }: CurrentReading,
  { calibrated, context }: { readonly calibrated: boolean; readonly context: ReferenceContext },
): Promise<{ readonly entry: ReferenceEntry; readonly opened: OpenedArtefact } | undefined> {
  const refuse = (cause: string, remedy: string): undefined => {
    context.report({ path: [...path, "artefact"], cause, remedy });
  };
  const { names } = context.references;
  if (!names.includes(name)) return refuse(`no reference "${name}"`, nameRemedy(name, names, "declare it under references"));
  const opened = await context.references.open(name);
  if (opened === undefined) return undefined;
  const { artefact } = opened;
  if (artefact.kind === "drift") {
    const remedy = "name it under runs.baselines, and build one of kind value, responses or distribution for this place";
    return refuse(`reference "${name}" is of kind drift, which only statistics of runs are held against`, remedy);
  }
  if (!calibrated && artefact.kind !== "distribution") {
    const remedy = `build a distribution: ${buildCommand(artefact, "distribution")}`;
    return refuse(`reference "${name}" is of kind ${artefact.kind}, and a calibration takes a distribution of raw scores`, remedy);
  }
  const what = objective === undefined ? `judge "${judge.name}"` : `objective ${objective} of judge "${judge.name}"`;
  const own = (artefact.readings as readonly ReferenceEntry[]).filter(
    (entry) => entry.judge === judge.name && entry.objective === objective,
  );
  if (own.length === 0) return refuse(`reference "${name}" has no entry for ${what}`, `build it for this panel: ${buildCommand(artefact)}`);
  const same = own.filter(({ judgeRevision }) => judgeRevision === judge.revision);
  if (same.length === 0) {
    const then = own.map(({ judgeRevision }) => short(judgeRevision)).join(", ");
    return refuse(
      `reference "${name}" is stale: ${what} was of revision ${then} then and is ${short(judge.revision)} now`,
      again(artefact),
    );
  }
  const entry = calibrated ? same.find((each) => each.calibration === calibration) : same[0];
  if (entry !== undefined) return { entry, opened };
  const then = same.map((each) => short(each.calibration)).join(", ");
  return refuse(
    `reference "${name}" is stale: the calibration of ${what} was ${then} then and is ${short(calibration)} now`,
    again(artefact),
  );
}

/** The remedy of a stale artefact. */
export function again(artefact: ReferenceArtefact): string {
  return `build it again: ${buildCommand(artefact)}`;
}

/** The command that builds an artefact like this one. */
export function buildCommand(artefact: ReferenceArtefact, kind = artefact.kind): string {
  const { asked, data, name } = artefact;
  const whose = "panel" in asked ? `--panel ${asked.panel}` : `--judge ${asked.judge}`;
  const rule =
    kind !== "value" || artefact.kind !== "value" ? "" : artefact.rule.method === "mean" ? " --mean" : ` --quantile ${artefact.rule.q}`;
  return `rewardgate reference build ${data.name} ${whose} --kind ${kind}${rule} --side ${data.side} --name ${name} -o FILE`;
}

/** A revision as messages show it. */
export function short(revision: string): string {
  return revision.slice(0, 12);
}
