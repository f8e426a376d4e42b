import { GatewayError } from "../domain/errors.ts";
import type { Member, Panel, ScalarScore } from "../domain/panel.ts";
import type { Aggregate, CandidateScores, Steering } from "../domain/reward.ts";
import type { CandidateResult, CandidateStatus, Detail, Failure, JudgePart } from "../domain/score.ts";
import { describeDeterminism } from "../domain/score-space.ts";
import { failedJudgement, type Judgement, toFailure } from "./judgement.ts";

/** A member's scores of a group on their way from raw to transformed; a gap where the candidate has none. */
interface MemberColumn {
  readonly member: Member;
  readonly judgements: readonly Judgement[];
  readonly scalars: readonly (ScalarScore | undefined)[];
  readonly calibrated: readonly (number | undefined)[];
  readonly transformed: readonly (number | undefined)[];
}

/** What counts for one candidate after the failure policy has spoken. */
interface Count {
  readonly status: CandidateStatus;
  readonly failure: Failure | undefined;
  readonly scores: CandidateScores | undefined;
  /** Members whose score is the policy's value. */
  readonly imputed: ReadonlySet<number> | undefined;
}

/**
 * From the judgements of one item to a result per candidate: scalarise, calibrate, transform, apply the failure policy,
 * aggregate. Pure. A missing judgement never becomes a number unless the member's policy states one.
 *
 * @param judgements one row per member of the panel, one entry per candidate, request order
 * @returns one result per candidate, request order; contributions of the counted members sum to the reward
 * @throws {GatewayError} REQUEST_INVALID when the steering leaves a judge without weight
 */
export function rewardGroup(
  panel: Panel,
  judgements: readonly (readonly Judgement[])[],
  options: { readonly steering?: Steering | undefined; readonly detail: Detail },
): CandidateResult[] {
  const columns = panel.members.map((member, index) => transformColumn(member, judgements[index]!, options.steering));
  const size = judgements[0]!.length;
  const counts: Count[] = [];
  for (let candidate = 0; candidate < size; candidate++) counts.push(countMembers(panel, columns, candidate));
  const counted = counts.filter((count) => count.scores !== undefined);
  const aggregates = panel.aggregation.aggregate(counted.map((count) => count.scores!));
  let next = 0;
  return counts.map((count, candidate) => {
    const aggregate = count.scores === undefined ? undefined : aggregates[next++]!;
    return assemble(panel, columns, candidate, count, aggregate, options.detail);
  });
}

function transformColumn(member: Member, row: readonly Judgement[], steering: Steering | undefined): MemberColumn {
  const judgements = [...row];
  const scalars: (ScalarScore | undefined)[] = new Array(row.length).fill(undefined);
  const calibrated: (number | undefined)[] = new Array(row.length).fill(undefined);
  const present: number[] = [];
  for (const [candidate, judgement] of row.entries()) {
    if (judgement.outcome !== "scored") continue;
    const scalar = member.scalarise(judgement.raw, steering);
    const value = member.calibration ? member.calibration.apply(scalar.value) : scalar.value;
    if (!Number.isFinite(value)) {
      judgements[candidate] = notFinite(member, "calibration");
      continue;
    }
    scalars[candidate] = scalar;
    calibrated[candidate] = value;
    present.push(candidate);
  }
  if (member.transforms.length === 0) return { member, judgements, scalars, calibrated, transformed: calibrated };
  let scores = Float64Array.from(present, (candidate) => calibrated[candidate]!);
  for (const transform of member.transforms) scores = Float64Array.from(transform.apply(scores));
  const transformed: (number | undefined)[] = new Array(row.length).fill(undefined);
  for (const [index, candidate] of present.entries()) {
    if (Number.isFinite(scores[index])) transformed[candidate] = scores[index]!;
    else judgements[candidate] = notFinite(member, "transform");
  }
  return { member, judgements, scalars, calibrated, transformed };
}

function notFinite(member: Member, stage: string): Judgement {
  return failedJudgement(
    new GatewayError("SCORE_NOT_FINITE", `the ${stage} of judge "${member.judge.name}" gave a number that is not finite`),
  );
}

/** Applies the failure policies: which members count for this candidate, with which scores and weights. */
function countMembers(panel: Panel, columns: readonly MemberColumn[], candidate: number): Count {
  const members: number[] = [];
  const scores: number[] = [];
  const gating: (Float64Array | undefined)[] = [];
  let imputed: Set<number> | undefined;
  let degraded = false;
  let allWeight = 0;
  let presentWeight = 0;
  for (const [index, { member, judgements, scalars, transformed }] of columns.entries()) {
    const judgement = judgements[candidate]!;
    const score = transformed[candidate];
    allWeight += member.weight;
    if (judgement.outcome === "scored" && score !== undefined) {
      members.push(index);
      scores.push(score);
      gating.push(scalars[candidate]!.gating);
      presentWeight += member.weight;
      continue;
    }
    const failure = (judgement as Exclude<Judgement, { outcome: "scored" }>).failure;
    if (member.required) return failedCount({ ...failure, message: `required judge "${member.judge.name}": ${failure.message}` });
    if (judgement.outcome === "not_applicable") continue;
    if (member.onFailure.policy === "fail") return failedCount({ ...failure, message: `judge "${member.judge.name}": ${failure.message}` });
    degraded = true;
    if (member.onFailure.policy === "degrade") continue;
    members.push(index);
    scores.push(member.onFailure.value);
    gating.push(undefined);
    presentWeight += member.weight;
    imputed ??= new Set();
    imputed.add(index);
  }
  const own = members.length - (imputed?.size ?? 0);
  if (own === 0) return failedCount(noOpinion(columns, candidate));
  if (degraded && own < panel.quorum) {
    return failedCount({
      reason: "PANEL_INCOMPLETE",
      message: `${own} of the panel's judges have a score, fewer than its quorum of ${panel.quorum}`,
      retryable: true,
    });
  }
  if (presentWeight === 0 && allWeight > 0) return failedCount(noOpinion(columns, candidate));
  const scale = presentWeight === 0 ? 1 : allWeight / presentWeight;
  return {
    status: degraded ? "degraded" : "complete",
    failure: undefined,
    scores: {
      members,
      scores: Float64Array.from(scores),
      weights: Float64Array.from(members, (index) => columns[index]!.member.weight * scale),
      gating,
    },
    imputed,
  };
}

function failedCount(failure: Failure): Count {
  return { status: "failed", failure, scores: undefined, imputed: undefined };
}

/** Why no member counts: the first judge's own failure, or that nobody covers the item. */
function noOpinion(columns: readonly MemberColumn[], candidate: number): Failure {
  for (const { member, judgements } of columns) {
    const judgement = judgements[candidate]!;
    if (judgement.outcome === "failed" || judgement.outcome === "abstained") {
      return { ...judgement.failure, message: `judge "${member.judge.name}": ${judgement.failure.message}` };
    }
  }
  const first = columns[0]!.judgements[candidate]!;
  const why = first.outcome === "scored" ? "every judge that does has weight 0" : first.failure.message;
  return { reason: "REQUEST_INVALID", message: `no judge of the panel covers this item: ${why}`, retryable: false };
}

function assemble(
  panel: Panel,
  columns: readonly MemberColumn[],
  candidate: number,
  count: Count,
  aggregate: Aggregate | undefined,
  detail: Detail,
): CandidateResult {
  const finite = aggregate === undefined || Number.isFinite(aggregate.reward);
  const failure = finite
    ? count.failure
    : toFailure(new GatewayError("SCORE_NOT_FINITE", `the aggregation of panel "${panel.name}" gave a number that is not finite`));
  const counted = finite ? aggregate : undefined;
  const judges = detail === "reward" ? [] : columns.map((column, index) => judgePart(column, index, candidate, count, counted, detail));
  if (failure !== undefined) return { status: "failed", failure, judges };
  return { status: count.status, reward: counted!.reward, judges };
}

/** A part under construction: one shape for all, filled in a fixed order, because this runs for every judge of every candidate. */
type Draft = { -readonly [Key in keyof JudgePart]: JudgePart[Key] };

function judgePart(
  column: MemberColumn,
  index: number,
  candidate: number,
  count: Count,
  aggregate: Aggregate | undefined,
  detail: Detail,
): JudgePart {
  const { member } = column;
  const judgement = column.judgements[candidate]!;
  const scored = judgement.outcome === "scored";
  const place = aggregate === undefined ? -1 : count.scores!.members.indexOf(index);
  const part: Draft = {
    judge: member.judge.name,
    outcome: judgement.outcome,
    weight: place < 0 ? 0 : (aggregate!.weights ?? count.scores!.weights)[place]!,
    revision: member.revision,
    determinism: determinismOf(member),
    cached: scored && judgement.cached,
    imputed: place >= 0 && count.imputed?.has(index) === true,
    tokens: scored ? judgement.tokens : 0,
  };
  if (place >= 0) part.contribution = aggregate!.contributions[place]!;
  if (!scored) {
    part.failure = judgement.failure;
    if (part.imputed) part.transformed = count.scores!.scores[place]!;
    return part;
  }
  const scalar = column.scalars[candidate]!;
  part.raw = scalar.value;
  part.calibrated = column.calibrated[candidate]!;
  part.transformed = column.transformed[candidate]!;
  if (judgement.truncation !== undefined) part.truncated = judgement.truncation;
  if (detail !== "full" || member.judge.gated === undefined) return part;
  if (judgement.raw.objectives) part.objectives = named(member, judgement.raw.objectives);
  if (scalar.gating) part.gating = named(member, scalar.gating);
  if (scalar.terms) part.objectiveContributions = named(member, scalar.terms);
  return part;
}

function named(member: Member, values: Float64Array): Record<string, number> {
  const record: Record<string, number> = {};
  const { objectives } = member.judge.gated!;
  for (let index = 0; index < objectives.length; index++) record[objectives[index]!.name] = values[index]!;
  return record;
}

const determinisms = new WeakMap<Member, string>();
function determinismOf(member: Member): string {
  let text = determinisms.get(member);
  if (text === undefined) {
    text = describeDeterminism(member.judge.determinism);
    determinisms.set(member, text);
  }
  return text;
}
