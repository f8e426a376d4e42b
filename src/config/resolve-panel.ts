import { resolve } from "node:path";
import type { ConfigProblem } from "../domain/errors.ts";
import type { FailurePolicy, Member, Panel } from "../domain/panel.ts";
import type { Calibration, Transform } from "../domain/reward.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { AGGREGATION_KINDS, CALIBRATION_KINDS, type MemberFacts, type ParamsProblem, TRANSFORM_KINDS } from "../reward/index.ts";
import { type ChainStep, followChain, waysTo } from "../reward/spaces.ts";
import { readCalibrationFile } from "./bundle.ts";
import type { CalibrationFile } from "./bundle-schema.ts";
import { digestOf } from "./digest.ts";
import { findingsOf } from "./issues.ts";
import { scalariser } from "./member.ts";
import { calibrationMethod, type FailureConfig, type MemberConfig, type MethodConfig, type PanelConfig } from "./panel-schema.ts";
import type { Finding, KeyPath } from "./problems.ts";
import type { ResolvedJudge } from "./resolve-judges.ts";
import type { Config } from "./schema.ts";

/** What a panel is resolved from; problems are collected through `report`. */
interface Context {
  readonly config: Config;
  readonly judges: ReadonlyMap<string, ResolvedJudge>;
  /** About the configuration file. */
  report(finding: Finding): void;
  /** About another file. */
  readonly problems: ConfigProblem[];
}

/**
 * Makes a panel: its members with calibration and transforms, checked to fit each other, and the aggregation over them.
 *
 * @returns undefined when something is wrong; `problems` then says what
 */
export async function resolvePanel(
  name: string,
  config: Config,
  judges: ReadonlyMap<string, ResolvedJudge>,
  problems: ConfigProblem[],
): Promise<Panel | undefined> {
  const panel = config.panels[name]!;
  const before = problems.length;
  const context: Context = { config, judges, problems, report: (finding) => problems.push(config.origin.locate(finding)) };
  const members: { readonly member: Member; readonly space: ScoreSpace }[] = [];
  for (const [i, written] of panel.members.entries()) {
    const judge = judges.get(written.judge);
    // Its bundle has problems of its own, which are told already.
    if (judge === undefined) return undefined;
    const resolved = await resolveMember(["panels", name, "members", i], written, panel, judge, context);
    if (resolved !== undefined) members.push(resolved);
  }
  if (problems.length > before) return undefined;

  const space = commonSpace(["panels", name], panel, members, context);
  const aggregation = space && resolveAggregation(["panels", name, "aggregation"], panel, members, space, context);
  if (aggregation === undefined) return undefined;
  const revision = digestOf({
    members: members.map(({ member: { judge, revision, weight, onFailure, required } }) => [
      judge.name,
      revision,
      weight,
      onFailure,
      required,
    ]),
    aggregation: aggregation.revision,
    quorum: panel.quorum,
  });
  return {
    name,
    description: panel.description,
    revision,
    members: members.map(({ member }) => member),
    aggregation,
    space: aggregation.spaceOut,
    quorum: panel.quorum,
  };
}

async function resolveMember(path: KeyPath, written: MemberConfig, panel: PanelConfig, { judge, bundle }: ResolvedJudge, context: Context) {
  const calibration = await resolveCalibration([...path, "calibration"], written, { judge, bundle }, context);
  if (calibration === undefined) return undefined;
  const steps: ChainStep[] = [];
  if (calibration !== "none") {
    const { method, spaceIn, spaceOut } = calibration;
    steps.push({
      path: [...(path as (string | number)[]), "calibration"],
      label: `the calibration ${method}`,
      accepts: [spaceIn],
      spaceOut: () => spaceOut,
    });
  }
  const before = steps.length;
  let refused = false;
  for (const [i, { method, ...params }] of written.transforms.entries()) {
    const kind = transformKind(method);
    const at = [...(path as (string | number)[]), "transforms", i];
    const found = kind.problems(params);
    reportAll(at, found, context);
    refused ||= found.length > 0;
    steps.push({ path: at, label: `the transform ${method}`, accepts: kind.accepts, spaceOut: kind.spaceOut });
  }
  const chain = followChain(judge.space, steps);
  if ("broken" in chain) {
    context.report(chain.broken);
    return undefined;
  }
  if (refused) return undefined;
  const transforms: Transform[] = written.transforms.map((config, i) => {
    const { method, ...params } = config;
    return transformKind(method).create(params, { spaceIn: chain.taken[before + i]!, revision: digestOf(config) });
  });
  const onFailure = toPolicy(written.onFailure ?? panel.onFailure);
  if (onFailure.policy === "impute" && !isIn(chain.space, onFailure.value)) {
    const cause = `${onFailure.value} is no ${chain.space}, which this member's transformed score is`;
    context.report({ path: [...path, "onFailure"], cause, remedy: `impute a ${chain.space}, or use fail or degrade` });
    return undefined;
  }
  const own = calibration === "none" ? undefined : calibration;
  const member: Member = {
    judge,
    weight: written.weight,
    revision: digestOf([judge.revision, own?.revision ?? "none", transforms.map(({ revision }) => revision)]),
    ...(own && { calibration: own }),
    transforms,
    onFailure,
    required: written.required,
    scalarise: scalariser(judge),
  };
  return { member, space: chain.space };
}

function transformKind(wanted: string) {
  return TRANSFORM_KINDS.find(({ method }) => method === wanted)!;
}

async function resolveCalibration(
  path: KeyPath,
  { calibration }: MemberConfig,
  { judge, bundle }: Pick<ResolvedJudge, "judge" | "bundle">,
  context: Context,
): Promise<Calibration | "none" | undefined> {
  if (calibration === "none") return "none";
  if (calibration === "bundle") {
    if (bundle.calibration !== undefined) return fromFile(path, bundle.calibration, context);
    context.report({ path, cause: `the bundle of judge "${judge.name}" holds no calibration`, remedy: "use calibration: none" });
    return undefined;
  }
  if ("file" in calibration) {
    const read = await readCalibrationFile(resolve(context.config.origin.folder, String(calibration.file)), bundle.graph.sha256);
    if ("file" in read) return fromFile(path, read.file, context);
    context.problems.push(...read.problems);
    return undefined;
  }
  return fromMethod(path, calibration, judge.space, context);
}

function fromFile(path: KeyPath, file: CalibrationFile, context: Context): Calibration | undefined {
  const written = { method: file.method, ...file.params, spaceOut: file.spaceOut };
  const parsed = calibrationMethod.safeParse(written);
  if (parsed.success) return fromMethod(path, parsed.data, file.spaceIn, context);
  for (const { path: key, cause, remedy } of findingsOf(parsed.error.issues, calibrationMethod, written)) {
    context.report({ path, cause: `its calibration file: ${key.map(String).join(".")}: ${cause}`, remedy });
  }
  return undefined;
}

function fromMethod(path: KeyPath, config: MethodConfig, spaceIn: ScoreSpace, context: Context): Calibration | undefined {
  const kind = CALIBRATION_KINDS.find(({ method }) => method === config.method)!;
  const { method: _, spaceOut: stated, ...params } = config;
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
  const spec = { spaceIn, spaceOut, revision: digestOf({ ...config, spaceIn, spaceOut }) };
  const found = kind.problems(params, spec);
  reportAll(path, found, context);
  return found.length > 0 ? undefined : kind.create(params, spec);
}

/** The one space that all members arrive in. */
function commonSpace(
  path: KeyPath,
  config: PanelConfig,
  members: readonly { readonly member: Member; readonly space: ScoreSpace }[],
  context: Context,
): ScoreSpace | undefined {
  const kind = AGGREGATION_KINDS.find(({ method }) => method === config.aggregation.method)!;
  const spaces = [...new Set(members.map(({ space }) => space))];
  const first = spaces[0]!;
  if (kind.accepts === "any") return first;
  if (spaces.length > 1) {
    const list = members.map(({ member, space }) => `${member.judge.name} in ${space}`).join(", ");
    const ways = spaces.slice(1).map((space) => `for members in ${space}: ${waysTo(space, [first])}`);
    const cause = `the members' scores are in different spaces (${list}) and ${kind.method} needs one`;
    context.report({ path: [...path, "members"], cause, remedy: `bring all to ${first}, ${ways.join("; ")}` });
    return undefined;
  }
  if (kind.accepts === "common" || kind.accepts.includes(first)) return first;
  const cause = `${kind.method} takes ${kind.accepts.join(" or ")} and its members give ${first}`;
  context.report({ path: [...path, "aggregation", "method"], cause, remedy: `add to the members ${waysTo(first, kind.accepts)}` });
  return undefined;
}

function resolveAggregation(
  path: KeyPath,
  config: PanelConfig,
  members: readonly { readonly member: Member }[],
  space: ScoreSpace,
  context: Context,
) {
  const kind = AGGREGATION_KINDS.find(({ method }) => method === config.aggregation.method)!;
  const { method: _, ...params } = config.aggregation;
  const facts: MemberFacts[] = members.map(({ member: { judge, weight, required } }) => ({
    judge: judge.name,
    weight,
    required,
    gated: judge.gated,
  }));
  const found = kind.problems(params, facts);
  reportAll(path, found, context);
  if (found.length > 0) return undefined;
  return kind.create(params, { members: facts, spaceOut: kind.spaceOut(space, facts), revision: digestOf(config.aggregation) });
}

function reportAll(path: KeyPath, found: readonly ParamsProblem[], context: Context): void {
  for (const problem of found) context.report({ ...problem, path: [...path, ...problem.path] });
}

function toPolicy(written: FailureConfig): FailurePolicy {
  return typeof written === "string" ? { policy: written } : { policy: "impute", value: written.impute };
}

/** Whether a number can be a score of this space. */
function isIn(space: ScoreSpace, value: number): boolean {
  if (space === "probability" || space === "unit") return value >= 0 && value <= 1;
  return space !== "logProbability" || value <= 0;
}
