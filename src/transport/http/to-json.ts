import type { CandidateResult, ConstraintResult, ItemResult, JudgePart, ScoreResult } from "../../domain/score.ts";
import { failureToWire, toWireError } from "../error-mapping.ts";
import type { StreamAnswer } from "../score-stream.ts";

/** The body of a unary answer. A number that does not exist has no key. */
export function scoreResponseToJson(result: ScoreResult): object {
  return {
    panel: result.panel,
    panelRevision: result.panelRevision,
    results: result.results.map(itemResultToJson),
    states: result.states,
    timing: result.timing,
    usage: result.usage,
  };
}

/** One line of a stream's answer. */
export function streamAnswerToJson(answer: StreamAnswer): object {
  if ("error" in answer) return { id: answer.id, error: toWireError(answer.error) };
  const { panelRevision, results, states, timing, usage } = answer.result;
  return { id: answer.id, result: itemResultToJson(results[0] as ItemResult), panelRevision, states, timing, usage };
}

function itemResultToJson({ id, candidates, route, group, constrained, judging }: ItemResult): object {
  return { id, candidates: candidates.map(candidateToJson), route, group, constrained, judging };
}

function candidateToJson(candidate: CandidateResult): object {
  const { status, reward, failure, rewards, advantage, constraints, missing, judges } = candidate;
  return {
    status,
    reward,
    error: failure && failureToWire(failure),
    rewards,
    advantage,
    constraints: constraints && constraintsToJson(constraints),
    missing,
    judges: judges.map(partToJson),
  };
}

function constraintsToJson({ verdict, parts, ...forOptimisers }: ConstraintResult): object {
  return {
    verdict,
    parts: parts.map(({ failure, ...part }) => ({ ...part, error: failure && failureToWire(failure) })),
    ...forOptimisers,
  };
}

/** Written out, so that keys come in the order of the documents and nothing else of the domain leaves. */
function partToJson(part: JudgePart): object {
  return {
    judge: part.judge,
    member: part.member,
    shadow: part.shadow,
    outcome: part.outcome,
    raw: part.raw,
    calibrated: part.calibrated,
    transformed: part.transformed,
    weight: part.weight,
    contribution: part.contribution,
    advantage: part.advantage,
    objectives: part.objectives,
    gating: part.gating,
    objectiveContributions: part.objectiveContributions,
    critique: part.critique,
    findings: part.findings,
    tokenRewards: part.tokenRewards,
    revision: part.revision,
    determinism: part.determinism,
    cached: part.cached,
    imputed: part.imputed,
    truncated: part.truncated,
    tokens: part.tokens,
    error: part.failure && failureToWire(part.failure),
  };
}
