import { GatewayError } from "../domain/errors.ts";
import type { Member, Panel } from "../domain/panel.ts";
import type { CandidateScores } from "../domain/reward.ts";
import type { Failure } from "../domain/score.ts";
import { type Judgement, toFailure } from "./judgement.ts";
import type { ScoreColumn } from "./score-column.ts";

/** What counts for one candidate after the failure policy has spoken. */
export interface Count {
  readonly status: "complete" | "degraded" | "failed";
  readonly failure: Failure | undefined;
  readonly scores: CandidateScores | undefined;
  /** Members whose score is the policy's value. */
  readonly imputed: ReadonlySet<number> | undefined;
  /** Members that should count and have no score of their own. */
  readonly missing: readonly number[];
}

/**
 * Applies the failure policies to one candidate: which members count, with which scores and weights. Members that do not count, by
 * their standing or because their judge does not cover the item or was not asked, change nothing.
 *
 * @param columns one per member of the panel, its order
 * @param weights one per member, replacing the configured ones
 */
export function countMembers(panel: Panel, columns: readonly ScoreColumn[], candidate: number, weights: ArrayLike<number>): Count {
  const members: number[] = [];
  const scores: number[] = [];
  const gating: (Float64Array | undefined)[] = [];
  const missing: number[] = [];
  let imputed: Set<number> | undefined;
  let fatal: Failure | undefined;
  let notAsked = 0;
  let allWeight = 0;
  let presentWeight = 0;
  let ownWeight = 0;
  for (let index = 0; index < panel.members.length; index++) {
    const member = panel.members[index]!;
    if (member.standing !== "counts") continue;
    const { judgements, scalars, transformed } = columns[index]!;
    const judgement = judgements[candidate]!;
    const score = transformed[candidate];
    const weight = weights[index]!;
    allWeight += Math.abs(weight);
    if (judgement.outcome === "scored" && score !== undefined) {
      members.push(index);
      scores.push(score);
      gating.push(scalars[candidate]!.gating);
      presentWeight += Math.abs(weight);
      ownWeight += Math.abs(weight);
      continue;
    }
    const { outcome, failure } = judgement as Exclude<Judgement, { outcome: "scored" }>;
    // Nobody waits for a judge whose stage did not come; it is never required.
    if (outcome === "not_asked") {
      notAsked++;
      continue;
    }
    if (outcome !== "not_applicable") missing.push(index);
    if (member.required) fatal ??= { ...failure, message: `required ${label(member)}: ${failure.message}` };
    if (outcome === "not_applicable") continue;
    if (member.onFailure.policy === "fail") fatal ??= { ...failure, message: `${label(member)}: ${failure.message}` };
    if (member.onFailure.policy !== "impute") continue;
    members.push(index);
    scores.push(member.onFailure.value);
    gating.push(undefined);
    presentWeight += Math.abs(weight);
    imputed ??= new Set();
    imputed.add(index);
  }
  if (fatal !== undefined) return failed(fatal, missing);
  const own = members.length - (imputed?.size ?? 0);
  if (own === 0) return failed(noOpinion(panel, columns, candidate), missing);
  if (missing.length > 0 && own + notAsked < panel.quorum) return failed(belowQuorum(own, panel.quorum), missing);
  // Numbers of a policy alone are no reward.
  if (ownWeight === 0 && allWeight > 0) return failed(noOpinion(panel, columns, candidate), missing);
  const scale = presentWeight === 0 ? 1 : allWeight / presentWeight;
  return {
    status: missing.length > 0 ? "degraded" : "complete",
    failure: undefined,
    scores: {
      members,
      scores: Float64Array.from(scores),
      weights: Float64Array.from(members, (index) => weights[index]! * scale),
      gating,
      ...(imputed && { imputed }),
    },
    imputed,
    missing,
  };
}

function failed(failure: Failure, missing: readonly number[]): Count {
  return { status: "failed", failure, scores: undefined, imputed: undefined, missing };
}

function belowQuorum(own: number, quorum: number): Failure {
  const message = `${own} of the panel's judges have a score, fewer than its quorum of ${quorum}`;
  return toFailure(new GatewayError("PANEL_INCOMPLETE", message));
}

/** Why no member counts: the first judge's own failure, or that nobody covers the item. */
export function noOpinion(panel: Panel, columns: readonly ScoreColumn[], candidate: number): Failure {
  const counting = panel.members.flatMap((member, index) => (member.standing === "counts" ? [{ member, column: columns[index]! }] : []));
  for (const { member, column } of counting) {
    const judgement = column.judgements[candidate]!;
    if (judgement.outcome === "failed" || judgement.outcome === "abstained") {
      return { ...judgement.failure, message: `${label(member)}: ${judgement.failure.message}` };
    }
  }
  const first = counting[0]!.column.judgements[candidate]!;
  const why = first.outcome === "scored" ? "every judge that does has weight 0" : first.failure.message;
  return { reason: "REQUEST_INVALID", message: `no judge of the panel covers this item: ${why}`, retryable: false };
}

function label({ name, judge }: Member): string {
  return name === judge.name ? `judge "${name}"` : `judge "${judge.name}" as "${name}"`;
}
