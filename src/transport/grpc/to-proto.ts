import type * as domain from "../../domain/score.ts";
import type { JudgeInfo, PanelInfo } from "../../domain/service.ts";
import type * as wire from "../../gen/rewardgate/v1/reward.ts";
import type * as service from "../../gen/rewardgate/v1/reward_service.ts";
import { failureToWire, toWireError, type WireError } from "../error-mapping.ts";
import type { StreamAnswer } from "../score-stream.ts";

const STATUSES: Readonly<Record<domain.CandidateStatus, wire.CandidateStatus>> = { complete: 1, degraded: 2, failed: 3 };
const OUTCOMES: Readonly<Record<domain.Outcome, wire.Outcome>> = { scored: 1, failed: 2, skipped: 3, abstained: 4, not_applicable: 5 };
const SIDES = { prompt_start: 1, candidate_end: 2, both: 3 } as const;
const NOTHING = {};

/** The answer of a unary call. */
export function scoreResponseToProto(result: domain.ScoreResult): service.ScoreResponse {
  return {
    panel: result.panel,
    panelRevision: result.panelRevision,
    results: result.results.map(itemResultToProto),
    timing: result.timing,
    usage: result.usage,
  };
}

/** The answer to one message of a stream. */
export function streamAnswerToProto(answer: StreamAnswer): service.ScoreStreamResponse {
  if ("error" in answer) {
    const outcome = { $case: "error", value: errorToProto(toWireError(answer.error)) } as const;
    return { id: answer.id, outcome, panelRevision: "", timing: undefined, usage: undefined };
  }
  const { result } = answer;
  return {
    id: answer.id,
    outcome: { $case: "result", value: itemResultToProto(result.results[0] as domain.ItemResult) },
    panelRevision: result.panelRevision,
    timing: result.timing,
    usage: result.usage,
  };
}

function itemResultToProto(result: domain.ItemResult): wire.ItemResult {
  return { id: result.id, candidates: result.candidates.map(candidateToProto) };
}

function candidateToProto(candidate: domain.CandidateResult): wire.CandidateResult {
  return {
    status: STATUSES[candidate.status],
    reward: candidate.reward,
    error: candidate.failure && errorToProto(failureToWire(candidate.failure)),
    judges: candidate.judges.map(partToProto),
  };
}

function partToProto(part: domain.JudgePart): wire.JudgePart {
  return {
    judge: part.judge,
    outcome: OUTCOMES[part.outcome],
    raw: part.raw,
    calibrated: part.calibrated,
    transformed: part.transformed,
    weight: part.weight,
    contribution: part.contribution,
    objectives: part.objectives ?? NOTHING,
    gating: part.gating ?? NOTHING,
    objectiveContributions: part.objectiveContributions ?? NOTHING,
    revision: part.revision,
    determinism: part.determinism,
    cached: part.cached,
    imputed: part.imputed,
    truncated: part.truncated && { side: SIDES[part.truncated.side], droppedTokens: part.truncated.droppedTokens },
    tokens: part.tokens,
    error: part.failure && errorToProto(failureToWire(part.failure)),
  };
}

function errorToProto(error: WireError): wire.Error {
  const { details } = error;
  return {
    reason: error.reason,
    message: error.message,
    retryable: error.retryable,
    details: details && {
      field: details.field,
      itemId: details.itemId,
      retryAfterMs: details.retryAfterMs,
      limit: details.limit,
      suggestions: [...(details.suggestions ?? [])],
    },
  };
}

/** The list of judges. */
export function judgesToProto(judges: readonly JudgeInfo[]): service.ListJudgesResponse {
  return { judges: judges.map((judge) => ({ ...judge, accepts: [...judge.accepts], objectives: [...judge.objectives] })) };
}

/** The list of panels. */
export function panelsToProto(panels: readonly PanelInfo[]): service.ListPanelsResponse {
  return {
    panels: panels.map((panel) => ({
      ...panel,
      members: panel.members.map((member) => ({ ...member, transforms: [...member.transforms] })),
    })),
  };
}
