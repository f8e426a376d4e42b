import { resolve } from "node:path";
import type { ConfigProblem } from "../domain/errors.ts";
import type { Reading } from "../domain/panel.ts";
import type { Calibration, Transform } from "../domain/reward.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import type { StateKindName } from "../domain/state.ts";
import type { ConstraintForm } from "../reward/aggregation/lagrangian.ts";
import { CALIBRATION_KINDS, type ParamsProblem, TRANSFORM_KINDS } from "../reward/index.ts";
import { type ChainStep, followChain } from "../reward/spaces.ts";
import { readCalibrationFile } from "./bundle.ts";
import type { CalibrationFile } from "./bundle-schema.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import { objectiveReader, scalariser } from "./member.ts";
import { calibrationMethod, type MethodConfig, type ReadingConfig } from "./panel-schema.ts";
import type { Finding, KeyPath } from "./problems.ts";
import { type ReferenceShelf, type Substituted, substituteCalibrated, substituteRaw } from "./resolve-reference.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

/** What a panel needs to know of a state that it names. */
export interface StateFacts {
  readonly kind: StateKindName;
  /** Judges that its value covers. */
  readonly judges: readonly string[];
  /** As written. */
  readonly config: { readonly kind: StateKindName; readonly form?: ConstraintForm };
}

/** What panels are resolved from; problems are collected through `report`. */
export interface Context {
  readonly config: Config;
  readonly judges: ReadonlyMap<string, ResolvedJudge>;
  readonly states: ReadonlyMap<string, StateFacts>;
  readonly references: ReferenceShelf;
  /** About the configuration file. */
  report(finding: Finding): void;
  /** About another file. */
  readonly problems: ConfigProblem[];
}

/** A reading without its place in a panel, and the space it arrives in. */
export interface ResolvedReading {
  readonly reading: Omit<Reading, "seat">;
  readonly space: ScoreSpace;
}

/**
 * Makes a reading: which number of the judge, its calibration and its transforms, checked to fit each other.
 *
 * @returns undefined when something is wrong, which the context has been told
 */
export async function resolveReading(
  path: KeyPath,
  written: ReadingConfig,
  { judge, bundle }: ResolvedJudge,
  context: Context,
): Promise<ResolvedReading | undefined> {
  const { objective } = written;
  if (objective !== undefined && !hasObjective(path, objective, judge, context)) return undefined;
  const start = objective === undefined ? judge.space : "native";
  const chosen = written.calibration ?? (objective === undefined && bundle !== undefined ? "bundle" : "none");
  if (chosen === "bundle" && objective !== undefined) {
    const cause = "the bundle's calibration is of the gated sum and not of an objective";
    context.report({ path: [...path, "calibration"], cause, remedy: "use none, a file or a method" });
    return undefined;
  }
  const calibration = await resolveCalibration([...path, "calibration"], chosen, { judge, bundle, start, objective }, context);
  if (calibration === undefined) return undefined;
  const own = calibration === "none" ? undefined : calibration;
  const current = { judge, objective, calibration: own?.revision ?? "none" };
  const steps = calibration === "none" ? [] : [calibrationStep([...path, "calibration"], calibration)];
  const before = steps.length;
  let refused = false;
  const substituted: Substituted[] = [];
  for (const [i, { method, ...given }] of written.transforms.entries()) {
    const kind = transformKind(method);
    const at = [...path, "transforms", i] as (string | number)[];
    const made = await substituteCalibrated(at, given, kind.references ?? [], { reading: current, context });
    const params = made?.params ?? given;
    const found = made === undefined ? [] : [...kind.problems(params), ...stateProblems(params, judge.name, context)];
    reportAll(at, found, context);
    refused ||= made === undefined || found.length > 0;
    if (made !== undefined) substituted.push(made);
    steps.push({
      path: at,
      label: `the transform ${method}`,
      accepts: kind.accepts,
      spaceOut: (spaceIn) => kind.spaceOut(spaceIn, params),
    });
  }
  const chain = followChain(start, steps);
  if ("broken" in chain) {
    context.report(chain.broken);
    return undefined;
  }
  if (refused) return undefined;
  const transforms: Transform[] = written.transforms.map((config, i) => {
    const { params, sha256, responses } = substituted[i]!;
    const spec = { spaceIn: chain.taken[before + i]!, revision: revisionOf(config, sha256), judge: judge.name };
    const transform = transformKind(config.method).create(params, spec);
    return responses === undefined ? transform : { ...transform, responses };
  });
  const parts = [judge.revision, own?.revision ?? "none", transforms.map(({ revision }) => revision)];
  const reading = {
    name: written.name ?? judge.name,
    judge,
    revision: digestOf(objective === undefined ? parts : [...parts, objective]),
    ...(objective === undefined && judge.gated && { gated: judge.gated }),
    ...(own && { calibration: own }),
    calibratedSpace: own?.spaceOut ?? start,
    transforms,
    scalarise: objective === undefined ? scalariser(judge) : objectiveReader(judge, objective),
  };
  return { reading, space: chain.space };
}

function hasObjective(path: KeyPath, objective: string, judge: Reading["judge"], context: Context): boolean {
  const known = judge.gated?.objectives.map(({ name }) => name) ?? [];
  if (known.includes(objective)) return true;
  const cause = known.length === 0 ? `judge "${judge.name}" has no objectives` : `judge "${judge.name}" has no objective "${objective}"`;
  const remedy =
    known.length === 0 ? "remove it, or read a multi-objective judge" : nameRemedy(objective, known, `name one of: ${known.join(", ")}`);
  context.report({ path: [...path, "objective"], cause, remedy });
  return false;
}

function calibrationStep(path: KeyPath, { method, spaceIn, spaceOut }: Calibration): ChainStep {
  return { path: path as (string | number)[], label: `the calibration ${method}`, accepts: [spaceIn], spaceOut: () => spaceOut };
}

/** Digest of what is written, and of the artefacts that it names. */
function revisionOf(written: object, sha256: readonly string[]): string {
  return digestOf(sha256.length === 0 ? written : { written, sha256 });
}

function transformKind(wanted: string) {
  return TRANSFORM_KINDS.find(({ method }) => method === wanted)!;
}

/** What is wrong with a transform that names a state. */
function stateProblems(params: Record<string, unknown>, judge: string, { states }: Context): ParamsProblem[] {
  const { state } = params;
  if (typeof state !== "string") return [];
  const known = states.get(state);
  if (known === undefined)
    return [{ path: ["state"], cause: `no state "${state}"`, remedy: nameRemedy(state, [...states.keys()], "define it under states") }];
  if (known.kind !== "runningScale") {
    return [{ path: ["state"], cause: `state "${state}" is of kind ${known.kind}`, remedy: "name a state of kind runningScale" }];
  }
  if (known.judges.includes(judge)) return [];
  return [
    { path: ["state"], cause: `state "${state}" does not follow judge "${judge}"`, remedy: `add "${judge}" to the judges of the state` },
  ];
}

/** @returns `none` without a calibration, undefined when something is wrong */
async function resolveCalibration(
  path: KeyPath,
  chosen: NonNullable<ReadingConfig["calibration"]>,
  {
    judge,
    bundle,
    start,
    objective,
  }: Pick<ResolvedJudge, "judge"> & {
    readonly bundle: ResolvedJudge["bundle"] | undefined;
    readonly start: ScoreSpace;
    readonly objective: string | undefined;
  },
  context: Context,
): Promise<Calibration | "none" | undefined> {
  if (chosen === "none") return "none";
  if (chosen !== "bundle" && !("file" in chosen)) return fromMethod(path, chosen, { judge, objective, spaceIn: start }, context);
  if (bundle === undefined) {
    const cause = `judge "${judge.name}" has no bundle, and so no model that a calibration could have been fitted on`;
    context.report({ path, cause, remedy: "use none, or a method with its numbers" });
    return undefined;
  }
  if (chosen === "bundle") {
    if (bundle.calibration !== undefined) return fromFile(path, bundle.calibration, { judge, objective }, context);
    context.report({ path, cause: `the bundle of judge "${judge.name}" holds no calibration`, remedy: "use calibration: none" });
    return undefined;
  }
  const read = await readCalibrationFile(resolve(context.config.origin.folder, String(chosen.file)), bundle.spec);
  if ("file" in read) return fromFile(path, read.file, { judge, objective }, context);
  context.problems.push(...read.problems);
  return undefined;
}

/** The number of a judge that a calibration takes. */
interface Calibrated {
  readonly judge: Reading["judge"];
  readonly objective: string | undefined;
  readonly spaceIn: ScoreSpace;
}

async function fromFile(
  path: KeyPath,
  file: CalibrationFile,
  of: Omit<Calibrated, "spaceIn">,
  context: Context,
): Promise<Calibration | undefined> {
  const written = { method: file.method, ...file.params, spaceOut: file.spaceOut };
  const parsed = calibrationMethod.safeParse(written);
  if (parsed.success) return fromMethod(path, parsed.data, { ...of, spaceIn: file.spaceIn }, context);
  for (const { path: key, cause, remedy } of findingsOf(parsed.error.issues, calibrationMethod, written)) {
    context.report({ path, cause: `its calibration file: ${key.map(String).join(".")}: ${cause}`, remedy });
  }
  return undefined;
}

async function fromMethod(path: KeyPath, config: MethodConfig, of: Calibrated, context: Context): Promise<Calibration | undefined> {
  const kind = CALIBRATION_KINDS.find(({ method }) => method === config.method)!;
  const { method: _, spaceOut: stated, ...given } = config;
  const { spaceIn } = of;
  if (kind.accepts !== "any" && !kind.accepts.includes(spaceIn)) {
    const cause = `the calibration ${kind.method} takes ${kind.accepts.join(" or ")} and the judge gives ${spaceIn}`;
    context.report({ path: [...path, "method"], cause, remedy: "use another method, for example isotonic" });
    return undefined;
  }
  const spaceOut = (stated as ScoreSpace | undefined) ?? kind.spaceOut(spaceIn);
  if (!kind.gives.includes(spaceOut)) {
    const remedy = `state spaceOut: ${kind.gives.join(" or ")}, or use another method`;
    context.report({ path: [...path, "spaceOut"], cause: `the calibration ${kind.method} cannot give ${spaceOut}`, remedy });
    return undefined;
  }
  const made = await substituteRaw(path, given, kind.references ?? [], { reading: of, context });
  if (made === undefined) return undefined;
  const { params, sha256 } = made;
  const spec = { spaceIn, spaceOut, revision: revisionOf({ ...config, spaceIn, spaceOut }, sha256) };
  const found = kind.problems(params, spec);
  reportAll(path, found, context);
  return found.length > 0 ? undefined : kind.create(params, spec);
}

/** Tells the context what a kind found, under the path of its parameters. */
export function reportAll(path: KeyPath, found: readonly ParamsProblem[], context: Pick<Context, "report">): void {
  for (const problem of found) context.report({ ...problem, path: [...path, ...problem.path] });
}
