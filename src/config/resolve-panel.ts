import type { AdvantageEstimator } from "../domain/advantage.ts";
import type { ConfigProblem } from "../domain/errors.ts";
import type { Judge } from "../domain/judge.ts";
import type { Constraint, FailurePolicy, Member, Panel, Reading } from "../domain/panel.ts";
import type { Aggregation, StateWeights } from "../domain/reward.ts";
import { boundsOf, isIn, type ScoreSpace } from "../domain/score-space.ts";
import { ADVANTAGE_KINDS, AGGREGATION_KINDS, constrainingProblems, createConstraining, type MemberFacts } from "../reward/index.ts";
import { meetingPoint, waysTo } from "../reward/spaces.ts";
import { checkSequence } from "./check-sequence.ts";
import { digestOf } from "./digest.ts";
import type { ConstraintConfig, FailureConfig, MemberConfig, PanelConfig } from "./panel-schema.ts";
import type { KeyPath } from "./problems.ts";
import { resolveBaseline } from "./resolve-baseline.ts";
import { type Context, reportAll, resolveReading, type StateFacts } from "./resolve-reading.ts";
import type { ReferenceShelf } from "./resolve-reference.ts";
import type { ResolvedJudge } from "./resolved-judge.ts";
import type { Config } from "./schema.ts";
import { nameRemedy } from "./suggest.ts";

type Placed<T extends Reading> = { readonly entry: Omit<T, "seat">; readonly space: ScoreSpace };

/** What panels are made from. */
export interface PanelSources {
  readonly config: Config;
  readonly judges: ReadonlyMap<string, ResolvedJudge>;
  readonly states: ReadonlyMap<string, StateFacts>;
  readonly references: ReferenceShelf;
}

/**
 * Makes a panel: its members with calibration and transforms, checked to fit each other, the aggregation over them, constraints and
 * advantages.
 *
 * @returns undefined when something is wrong; `problems` then says what
 */
export async function resolvePanel(
  name: string,
  panel: PanelConfig,
  sources: PanelSources,
  problems: ConfigProblem[],
): Promise<Panel | undefined> {
  const { config } = sources;
  const before = problems.length;
  const context: Context = { ...sources, problems, report: (finding) => problems.push(config.origin.locate(finding)) };
  const path = ["panels", name];
  const members: Placed<Member>[] = [];
  for (const [i, written] of panel.members.entries()) {
    const judge = sources.judges.get(written.judge);
    // Its bundle has problems of its own, which are told already.
    if (judge === undefined) return undefined;
    const member = await resolveMember([...path, "members", i], written, panel, judge, context);
    if (member !== undefined) members.push(member);
  }
  const constraints: Placed<Constraint>[] = [];
  for (const [i, written] of (panel.constraints?.judges ?? []).entries()) {
    const judge = sources.judges.get(written.judge);
    if (judge === undefined) return undefined;
    const constraint = await resolveConstraint([...path, "constraints", "judges", i], written, judge, context);
    if (constraint !== undefined) constraints.push(constraint);
  }
  const weighting = resolveWeights([...path, "weights", "state"], panel, context);
  // A member that could not be made has been told of, if not here then where the file that it names was read.
  const whole = members.length === panel.members.length && constraints.length === (panel.constraints?.judges.length ?? 0);
  if (!whole || problems.length > before) return undefined;

  const counting = members.filter(({ entry }) => entry.standing === "counts");
  const space = commonSpace(path, panel, counting, context);
  const aggregation = space && resolveAggregation([...path, "aggregation"], panel, members, space, context);
  const entries = members.map(({ entry }) => entry);
  const baseline = await resolveBaseline([...path, "constraints", "baseline"], panel, entries, context);
  const rule = aggregation && resolveConstraining([...path, "constraints"], panel, aggregation.spaceOut, baseline?.sha256, context);
  if (aggregation === undefined || problems.length > before) return undefined;
  checkWeights([...path, "weights"], panel, aggregation, context);
  const advantages = resolveAdvantages([...path, "advantages"], panel, entries, context);
  const outcome = { aggregation, space: rule?.spaceOut ?? aggregation.spaceOut, spaces: counting.map((member) => member.space) };
  const gates = constraints.map(({ entry }) => entry.judge);
  checkSequence(path, panel, { members: entries, gates, advantages, ...outcome }, context.report);
  if (problems.length > before) return undefined;
  const judges: Judge[] = [];
  const seated = <T extends Reading>({ entry }: Placed<T>) => ({ ...entry, seat: seatOf(entry.judge, judges) }) as T;
  const seatedMembers = members.map(seated);
  const readings = constraints.map(seated);
  const all: readonly Reading[] = [...seatedMembers, ...readings];
  return {
    name,
    description: panel.description,
    revision: digestOf(decisive(panel, seatedMembers, readings, [aggregation, rule, advantages])),
    judges,
    members: seatedMembers,
    aggregation,
    space: outcome.space,
    quorum: panel.quorum,
    ...(panel.sequence && { sequence: panel.sequence }),
    ...(weighting && { weighting }),
    ...(rule && { constraints: { readings, rule, ...(baseline && { reference: baseline.reference }) } }),
    ...(advantages && { advantages }),
    states: statesOf(all, weighting),
    readsBaselines: (rule?.readsBaselines ?? false) || all.some(({ transforms }) => transforms.some(({ reads }) => reads === "baselines")),
  };
}

/** Everything that decides a reward of the panel, as data. */
function decisive(
  { quorum, weights, sequence }: PanelConfig,
  members: readonly Member[],
  constraints: readonly Constraint[],
  parts: readonly ({ readonly revision: string } | undefined)[],
) {
  return {
    members: members.map(({ name, revision, weight, standing, onFailure, required }) => [
      name,
      revision,
      weight,
      standing,
      onFailure,
      required,
    ]),
    constraints: constraints.map(({ name, revision, bound, notApplicable }) => [name, revision, bound, notApplicable]),
    parts: parts.map((part) => part?.revision ?? "none"),
    quorum,
    weights: weights ?? "own",
    ...(sequence && { sequence, stages: members.map(({ stage }) => stage) }),
  };
}

function seatOf(judge: Judge, judges: Judge[]): number {
  const seat = judges.indexOf(judge);
  return seat >= 0 ? seat : judges.push(judge) - 1;
}

function statesOf(readings: readonly Reading[], weighting: StateWeights | undefined): string[] {
  const named = readings.flatMap(({ transforms }) => transforms.flatMap(({ state }) => (state === undefined ? [] : [state])));
  return [...new Set(weighting === undefined ? named : [weighting.state, ...named])];
}

async function resolveMember(path: KeyPath, written: MemberConfig, panel: PanelConfig, judge: ResolvedJudge, context: Context) {
  const resolved = await resolveReading(path, written, judge, context);
  if (resolved === undefined) return undefined;
  const { reading, space } = resolved;
  const { standing, sample, stage, weight, required } = written;
  const onFailure = toPolicy(written.onFailure ?? panel.onFailure);
  if (onFailure.policy === "impute" && !isIn(space, onFailure.value)) {
    const cause = `${onFailure.value} is no ${space}, which this member's transformed score is`;
    context.report({ path: [...path, "onFailure"], cause, remedy: `impute a ${space}, or use fail or degrade` });
    return undefined;
  }
  if (standing === "counts" && sample < 1) {
    const remedy = "remove sample, or make it a shadow or an audit";
    context.report({ path: [...path, "sample"], cause: "a member that counts judges every item", remedy });
    return undefined;
  }
  if (standing !== "counts" && required) {
    const cause = `${standing === "audit" ? "an audit" : "a shadow"} cannot be required: it never fails a candidate`;
    context.report({ path: [...path, "required"], cause, remedy: "remove required, or let the member count" });
    return undefined;
  }
  // A scale that a run moves does not keep scores within their space; a clip behind it does.
  const last = reading.transforms.at(-1);
  const bounds = last?.bounds ?? (last?.state === undefined ? boundsOf(space) : undefined);
  const entry: Omit<Member, "seat"> = {
    ...reading,
    standing,
    sample,
    stage,
    ...(bounds && { bounds }),
    weight: standing === "counts" ? weight : 0,
    onFailure,
    required,
  };
  return { entry, space };
}

async function resolveConstraint(path: KeyPath, written: ConstraintConfig, judge: ResolvedJudge, context: Context) {
  const { atLeast, atMost, notApplicable } = written;
  if ((atLeast === undefined) === (atMost === undefined)) {
    const cause = atLeast === undefined ? "a constraint without a bound" : "a constraint with two bounds";
    context.report({ path, cause, remedy: "state one of atLeast and atMost; a band is two constraints" });
    return undefined;
  }
  const resolved = await resolveReading(path, written, judge, context);
  if (resolved === undefined) return undefined;
  const { reading, space } = resolved;
  const value = (atLeast ?? atMost)!;
  const key = atLeast === undefined ? "atMost" : "atLeast";
  if (!isIn(space, value)) {
    context.report({ path: [...path, key], cause: `${value} is no ${space}, which the score is`, remedy: `state a bound in ${space}` });
    return undefined;
  }
  const bound = atLeast === undefined ? { atMost: value } : { atLeast: value };
  const entry: Omit<Constraint, "seat"> = { ...reading, bound, notApplicable };
  return { entry, space };
}

/** Weights out of a state that covers exactly the judges that count. */
function resolveWeights(path: KeyPath, { weights, members }: PanelConfig, context: Context): StateWeights | undefined {
  if (weights === undefined) return undefined;
  const { state } = weights;
  const known = context.states.get(state);
  if (known === undefined) {
    const remedy = nameRemedy(state, [...context.states.keys()], "define it under states");
    context.report({ path, cause: `no state "${state}"`, remedy });
    return undefined;
  }
  if (known.kind !== "multipliers" && known.kind !== "hedge") {
    context.report({ path, cause: `state "${state}" is of kind ${known.kind}`, remedy: "name a state of kind multipliers or hedge" });
    return undefined;
  }
  const counting = members.filter(({ standing }) => standing === "counts").map(({ judge }) => judge);
  const absent = counting.filter((judge) => !known.judges.includes(judge));
  const idle = known.judges.filter((judge) => !counting.includes(judge));
  if (absent.length + idle.length > 0 || new Set(counting).size < counting.length) {
    const cause = `state "${state}" weighs ${known.judges.join(", ")} and the members that count are ${counting.join(", ")}`;
    context.report({ path, cause, remedy: "give both the same judges, each once" });
    return undefined;
  }
  return {
    state,
    weightsOf: (snapshot) => {
      const byJudge = snapshot.kind === "multipliers" ? snapshot.value.lambda : snapshot.kind === "hedge" ? snapshot.value.weights : {};
      return Float64Array.from(members, ({ judge, standing }) => (standing === "counts" ? byJudge[judge]! : 0));
    },
  };
}

/** Refuses weights out of a state that the aggregation would not read, or read the wrong way round. */
function checkWeights(path: KeyPath, { weights }: PanelConfig, { method, weighs, shares }: Aggregation, context: Context): void {
  if (weights === undefined) return;
  if (!weighs) {
    const cause = `${method} takes its members as equals, so that nobody reads the weights of state "${weights.state}"`;
    context.report({ path, cause, remedy: "use weightedSum or another that weighs its members, or remove weights" });
    return;
  }
  if (!shares || context.states.get(weights.state)!.config.form !== "equality") return;
  const cause = `${method} shares out weights and those of state "${weights.state}", of form equality, may be below 0, which would turn rewards around`;
  context.report({ path: [...path, "state"], cause, remedy: "use weightedSum, or multipliers of form inequality" });
}

/** The one space that all members that count arrive in. */
function commonSpace(path: KeyPath, config: PanelConfig, members: readonly Placed<Member>[], context: Context): ScoreSpace | undefined {
  const kind = AGGREGATION_KINDS.find(({ method }) => method === config.aggregation.method)!;
  const spaces = [...new Set(members.map(({ space }) => space))];
  const first = spaces[0];
  if (first === undefined) {
    const remedy = "let at least one member have the standing counts";
    context.report({ path: [...path, "members"], cause: "no member counts towards the reward", remedy });
    return undefined;
  }
  if (kind.accepts === "any") return first;
  if (spaces.length > 1) {
    const list = members.map(({ entry, space }) => `${entry.name} in ${space}`).join(", ");
    const target = meetingPoint([first, ...spaces.slice(1)]);
    const ways = spaces.flatMap((space) => (space === target ? [] : [`for members in ${space}: ${waysTo(space, [target])}`]));
    const cause = `the members' scores are in different spaces (${list}) and ${kind.method} needs one`;
    context.report({ path: [...path, "members"], cause, remedy: `bring all to ${target}, ${ways.join("; ")}` });
    return undefined;
  }
  if (kind.accepts === "common" || kind.accepts.includes(first)) return first;
  const cause = `${kind.method} takes ${kind.accepts.join(" or ")} and its members give ${first}`;
  context.report({ path: [...path, "aggregation", "method"], cause, remedy: `add to the members ${waysTo(first, kind.accepts)}` });
  return undefined;
}

function resolveAggregation(path: KeyPath, config: PanelConfig, members: readonly Placed<Member>[], space: ScoreSpace, context: Context) {
  const kind = AGGREGATION_KINDS.find(({ method }) => method === config.aggregation.method)!;
  const { method: _, ...params } = config.aggregation;
  const facts: MemberFacts[] = members.map(({ entry: { name, weight, required, standing, gated } }) => ({
    name,
    counts: standing === "counts",
    weight,
    required,
    gated,
  }));
  const found = kind.problems(params, facts);
  reportAll(path, found, context);
  if (found.length > 0) return undefined;
  return kind.create(params, { members: facts, spaceOut: kind.spaceOut(space, facts), revision: digestOf(config.aggregation) });
}

/** @param reference digest of the artefact that stands in for baselines, where there is one */
function resolveConstraining(
  path: KeyPath,
  { constraints }: PanelConfig,
  space: ScoreSpace,
  reference: string | undefined,
  context: Context,
) {
  if (constraints === undefined) return undefined;
  const { judges: _, baseline, ...others } = constraints;
  // Reference completions stand in for those of the item, which go before them.
  const params = { ...others, baseline: typeof baseline === "object" ? ("item" as const) : baseline };
  const found = constrainingProblems(params, space);
  reportAll(path, found, context);
  return found.length > 0
    ? undefined
    : createConstraining(params, space, digestOf(reference === undefined ? params : { ...params, reference }));
}

function resolveAdvantages(
  path: KeyPath,
  { advantages, constraints }: PanelConfig,
  members: readonly Omit<Member, "seat">[],
  context: Context,
): AdvantageEstimator | undefined {
  if (advantages === undefined) return undefined;
  const { method: wanted, ...params } = advantages;
  const estimator = ADVANTAGE_KINDS.find(({ method }) => method === wanted)!.create(params, digestOf(advantages));
  const { reward = "aggregate", violation = "withhold" } = constraints ?? {};
  const violationGets = reward === "crpg" || reward === "crraft" ? 0 : violation === "withhold" ? undefined : violation.reward;
  if (estimator.readsMembers && violationGets !== undefined) {
    const cause = `${wanted} compares the members' scores, of which a violation that gets ${violationGets} may have the best`;
    const remedy = "use grpo or another that compares rewards, or withhold the reward of a violation (reward: aggregate)";
    context.report({ path: [...path, "method"], cause, remedy });
  }
  const counting = members.filter(({ standing }) => standing === "counts");
  const optional = counting.find(({ onFailure, required }) => onFailure.policy === "degrade" && !required);
  if (estimator.missingIsZero && optional !== undefined && counting.length > 1) {
    const cause = `its convention takes a score of "${optional.name}" that is missing, which degrade leaves out, for 0, which may be the best of the item`;
    const remedy = "use convention: trl, or a convention of your own with missing: ignore, or fail or impute";
    context.report({ path: [...path, "convention"], cause, remedy });
  }
  return estimator;
}

function toPolicy(written: FailureConfig): FailurePolicy {
  return typeof written === "string" ? { policy: written } : { policy: "impute", value: written.impute };
}
