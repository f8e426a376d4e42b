import type { Verdict } from "../../domain/constraint.ts";
import type { OpenReason } from "../../domain/panel.ts";
import type * as domain from "../../domain/score.ts";
import type { JudgeInfo, PanelInfo } from "../../domain/service.ts";
import type * as wire from "../../gen/rewardgate/v1/reward.ts";
import type * as service from "../../gen/rewardgate/v1/reward_service.ts";
import { failureToWire, toWireError, type WireError } from "../error-mapping.ts";
import type { StreamAnswer } from "../score-stream.ts";

const STATUSES: Readonly<Record<domain.CandidateStatus, wire.CandidateStatus>> = { complete: 1, degraded: 2, failed: 3, vetoed: 4 };
const OUTCOMES: Readonly<Record<domain.Outcome, wire.Outcome>> = {
  scored: 1,
  failed: 2,
  skipped: 3,
  abstained: 4,
  not_applicable: 5,
  not_asked: 6,
};
const SIDES = { prompt_start: 1, candidate_end: 2, both: 3 } as const;
const VERDICTS: Readonly<Record<Verdict, wire.Verdict>> = { satisfied: 1, violated: 2, unknown: 3 };
const STOPS: Readonly<Record<domain.StoppingReason, wire.StoppingReason>> = { settled: 1, exhausted: 2, moot: 3 };
const OPEN_REASONS: Readonly<Record<OpenReason, wire.OpenReason>> = {
  missing: 1,
  threshold: 2,
  best: 3,
  band: 4,
  margin: 5,
  conflict: 6,
};
const NOTHING = {};
const NO_FINDINGS: wire.Finding[] = [];
const NO_NUMBERS: number[] = [];

/** The answer of a unary call. */
export function scoreResponseToProto(result: domain.ScoreResult): service.ScoreResponse {
  return {
    panel: result.panel,
    panelRevision: result.panelRevision,
    results: result.results.map(itemResultToProto),
    states: [...result.states],
    timing: result.timing,
    usage: result.usage,
  };
}

/** The answer to one message of a stream. */
export function streamAnswerToProto(answer: StreamAnswer): service.ScoreStreamResponse {
  if ("error" in answer) {
    const outcome = { $case: "error", value: errorToProto(toWireError(answer.error)) } as const;
    return { id: answer.id, outcome, panelRevision: "", states: [], timing: undefined, usage: undefined };
  }
  const { result } = answer;
  return {
    id: answer.id,
    outcome: { $case: "result", value: itemResultToProto(result.results[0] as domain.ItemResult) },
    panelRevision: result.panelRevision,
    states: [...result.states],
    timing: result.timing,
    usage: result.usage,
  };
}

function itemResultToProto({ id, candidates, route, group, constrained, judging }: domain.ItemResult): wire.ItemResult {
  return {
    id,
    candidates: candidates.map(candidateToProto),
    route: route && { ...route, rows: [...route.rows] },
    group,
    judging: judging && judgingToProto(judging),
    constrained: constrained && { ...NO_PAIR, ...constrained, positive: [...constrained.positive], negative: [...constrained.negative] },
  };
}

const NO_PAIR = { crraftBest: undefined, baselineWeight: undefined, codpo: undefined };

function judgingToProto({ stopped, openBy, leftOpen, ...counts }: domain.Judging): wire.Judging {
  const toWire = (reason: OpenReason) => OPEN_REASONS[reason];
  return { ...counts, stopped: STOPS[stopped], openBy: openBy.map(toWire), leftOpen: leftOpen.map(toWire) };
}

function candidateToProto(candidate: domain.CandidateResult): wire.CandidateResult {
  return {
    status: STATUSES[candidate.status],
    reward: candidate.reward,
    error: candidate.failure && errorToProto(failureToWire(candidate.failure)),
    judges: candidate.judges.map(partToProto),
    rewards: candidate.rewards ?? NOTHING,
    advantage: candidate.advantage,
    constraints: candidate.constraints && constraintsToProto(candidate.constraints),
    missing: candidate.missing as string[],
  };
}

function constraintsToProto(constraints: domain.ConstraintResult): wire.Constraints {
  return {
    verdict: VERDICTS[constraints.verdict],
    parts: constraints.parts.map((part) => ({
      constraint: part.constraint,
      judge: part.judge,
      verdict: VERDICTS[part.verdict],
      score: part.score,
      atLeast: part.atLeast,
      atMost: part.atMost,
      revision: part.revision,
      cached: part.cached,
      error: part.failure && errorToProto(failureToWire(part.failure)),
    })),
    calibrated: constraints.calibrated,
    crpg: constraints.crpg,
    crpgCentred: constraints.crpgCentred,
    crraft: constraints.crraft,
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
    member: part.member,
    shadow: part.shadow,
    advantage: part.advantage,
    critique: part.critique,
    findings: part.findings ? [...part.findings] : NO_FINDINGS,
    tokenRewards: part.tokenRewards ? [...part.tokenRewards] : NO_NUMBERS,
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
      constraints: [...panel.constraints],
      states: [...panel.states],
      routes: [...panel.routes],
      sequence: [...panel.sequence],
    })),
  };
}
