import type { CandidateResult, ItemResult, JudgePart, ScoreResult } from "../../domain/score.ts";
import { failureToWire, toWireError } from "../error-mapping.ts";
import type { StreamAnswer } from "../score-stream.ts";

/** The body of a unary answer. A number that does not exist has no key. */
export function scoreResponseToJson(result: ScoreResult): object {
  return {
    panel: result.panel,
    panelRevision: result.panelRevision,
    results: result.results.map(itemResultToJson),
    timing: result.timing,
    usage: result.usage,
  };
}

/** One line of a stream's answer. */
export function streamAnswerToJson(answer: StreamAnswer): object {
  if ("error" in answer) return { id: answer.id, error: toWireError(answer.error) };
  const { panelRevision, results, timing, usage } = answer.result;
  return { id: answer.id, result: itemResultToJson(results[0] as ItemResult), panelRevision, timing, usage };
}

function itemResultToJson(result: ItemResult): object {
  return { id: result.id, candidates: result.candidates.map(candidateToJson) };
}

function candidateToJson({ status, reward, failure, judges }: CandidateResult): object {
  return { status, reward, error: failure && failureToWire(failure), judges: judges.map(partToJson) };
}

/** Written out, so that keys come in the order of the documents and nothing else of the domain leaves. */
function partToJson(part: JudgePart): object {
  return {
    judge: part.judge,
    outcome: part.outcome,
    raw: part.raw,
    calibrated: part.calibrated,
    transformed: part.transformed,
    weight: part.weight,
    contribution: part.contribution,
    objectives: part.objectives,
    gating: part.gating,
    objectiveContributions: part.objectiveContributions,
    revision: part.revision,
    determinism: part.determinism,
    cached: part.cached,
    imputed: part.imputed,
    truncated: part.truncated,
    tokens: part.tokens,
    error: part.failure && failureToWire(part.failure),
  };
}
