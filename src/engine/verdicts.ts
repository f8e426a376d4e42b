import type { Verdict } from "../domain/constraint.ts";
import type { Constraint } from "../domain/panel.ts";
import type { ConstraintPart, Failure } from "../domain/score.ts";
import type { ScoreColumn } from "./score-column.ts";

/** What the constraints found of one candidate. */
export interface JointVerdict {
  readonly verdict: Verdict;
  readonly parts: readonly ConstraintPart[];
  /** Why it is no reward: what was violated, or what could not be told. Absent when the constraints hold. */
  readonly failure?: Failure;
}

/**
 * Holds one candidate's scores against the bounds of the constraints. A judge that failed or abstained says `unknown`, never yes.
 *
 * @param columns one per constraint, same order
 * @param join    how several verdicts become one
 */
export function judgeConstraints(
  constraints: readonly Constraint[],
  columns: readonly ScoreColumn[],
  candidate: number,
  join: (verdicts: readonly Verdict[]) => Verdict,
): JointVerdict {
  const parts = constraints.map((constraint, index) => partOf(constraint, columns[index]!, candidate));
  const verdict = join(parts.map((part) => part.verdict));
  const failure = verdict === "satisfied" ? undefined : failureOf(parts, verdict);
  return { verdict, parts, ...(failure && { failure }) };
}

function partOf(constraint: Constraint, column: ScoreColumn, candidate: number): ConstraintPart {
  const { name, judge, bound, revision, notApplicable } = constraint;
  const judgement = column.judgements[candidate]!;
  const fixed = { constraint: name, judge: judge.name, ...bound, revision };
  const score = column.transformed[candidate];
  if (judgement.outcome === "scored" && score !== undefined) {
    const holds = "atLeast" in bound ? score >= bound.atLeast : score <= bound.atMost;
    return { ...fixed, verdict: holds ? "satisfied" : "violated", score, cached: judgement.cached };
  }
  const { outcome, failure } = judgement as Exclude<typeof judgement, { outcome: "scored" }>;
  const verdict = outcome === "not_applicable" ? notApplicable : "unknown";
  return { ...fixed, verdict, cached: false, failure };
}

function failureOf(parts: readonly ConstraintPart[], verdict: Verdict): Failure {
  const names = parts.filter((part) => part.verdict === verdict).map((part) => part.constraint);
  if (verdict === "violated") {
    return { reason: "CONSTRAINT_VIOLATED", message: `violates ${names.map((name) => `"${name}"`).join(", ")}`, retryable: false };
  }
  const first = parts.find((part) => part.verdict === "unknown")!;
  return { ...first.failure!, message: `constraint "${first.constraint}" could not be judged: ${first.failure!.message}` };
}
