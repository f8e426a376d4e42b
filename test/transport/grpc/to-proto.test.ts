import assert from "node:assert/strict";
import { test } from "node:test";
import type { Truncation } from "../../../src/domain/backend.ts";
import type { Verdict } from "../../../src/domain/constraint.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { OpenReason } from "../../../src/domain/panel.ts";
import {
  type CandidateResult,
  type CandidateStatus,
  type ConstraintPart,
  type ConstraintResult,
  type ItemResult,
  type JudgePart,
  type Outcome,
  type ScoreResult,
  STOPPING_REASONS,
  type StoppingReason,
} from "../../../src/domain/score.ts";
import * as wire from "../../../src/gen/rewardgate/v1/reward.ts";
import * as service from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { scoreResponseToProto, streamAnswerToProto } from "../../../src/transport/grpc/to-proto.ts";
import { scoreResponseToJson, streamAnswerToJson } from "../../../src/transport/http/to-json.ts";

const STATUSES: readonly CandidateStatus[] = ["complete", "degraded", "vetoed", "failed"];
const OUTCOMES: readonly Outcome[] = ["scored", "failed", "skipped", "abstained", "not_applicable", "not_asked"];
const SIDES: readonly Truncation["side"][] = ["prompt_start", "candidate_end", "both"];
const VERDICTS: readonly Verdict[] = ["satisfied", "violated", "unknown"];
const OPEN_REASONS: readonly OpenReason[] = ["missing", "threshold", "best", "band", "margin", "conflict"];

const failure = { reason: "ITEM_TOO_LONG", message: "too long", retryable: true } as const;

const part = (outcome: Outcome, side: Truncation["side"]): Required<JudgePart> => ({
  ...{ judge: "rm", member: "helpfulness", shadow: true, outcome, raw: 0.5, calibrated: 1.5, transformed: 2.5, weight: 3.5 },
  ...{ contribution: 4.5, advantage: 5.5, objectives: { a: 6.5 }, gating: { b: 7.5 }, objectiveContributions: { c: 8.5 } },
  ...{ critique: "short", findings: [{ name: "step 3", value: 9.5, text: "so", start: 1, end: 2 }], tokenRewards: [10.5, 11.5] },
  ...{ revision: "sha256:aa", determinism: "bitwise", cached: true, imputed: true, truncated: { side, droppedTokens: 12 } },
  ...{ tokens: 13, failure },
});

const bound = (verdict: Verdict): Required<ConstraintPart> => ({
  ...{ constraint: "harmless", judge: "guard", verdict, score: 14.5, atLeast: 15.5, atMost: 16.5, revision: "sha256:bb", cached: true },
  failure,
});

const constraints = (verdict: Verdict): Required<ConstraintResult> => ({
  ...{ verdict, parts: VERDICTS.map(bound), calibrated: 17.5, crpg: 18.5, crpgCentred: 19.5, crraft: 20.5 },
});

const candidate = (status: CandidateStatus, at: number): Required<CandidateResult> => ({
  ...{ status, reward: 21.5, failure, rewards: { strict: 22.5 }, advantage: 23.5, constraints: constraints(VERDICTS[at % 3]!) },
  ...{ missing: ["length"], judges: OUTCOMES.map((outcome, n) => part(outcome, SIDES[n % 3]!)) },
});

const item = (stopped: StoppingReason): Required<ItemResult> => ({
  ...{ id: stopped, candidates: STATUSES.map(candidate), route: { panel: "chat", panelRevision: "sha256:cc", rows: [1, -1] } },
  group: { method: "grpo", mean: 24.5, std: 25.5, zeroVariance: true },
  constrained: { positive: [26], negative: [27], crraftBest: 28, baselineWeight: 29.5, codpo: { chosen: 30, rejected: 31 } },
  judging: { stages: 32, asked: 33, stopped, openBy: OPEN_REASONS, leftOpen: [...OPEN_REASONS].reverse(), spared: 34, tokens: 35 },
});

/** A result in which nothing is left out, and no two numbers are the same. */
const RESULT: Required<ScoreResult> = {
  ...{ panel: "panel", panelRevision: "sha256:dd", results: STOPPING_REASONS.map(item), states: [{ name: "mean", version: 36 }] },
  timing: { totalMs: 37.5, queueMs: 38.5, prepareMs: 39.5, backendMs: 40.5 },
  usage: { candidates: 41, cachedScores: 42, tokens: 43 },
};

/** What the names of enums begin with, by the key that holds them. */
const ENUMS: Readonly<Record<string, readonly [prefix: string, values: Readonly<Record<string, number>>]>> = {
  status: ["CANDIDATE_STATUS_", wire.CandidateStatus],
  outcome: ["OUTCOME_", wire.Outcome],
  side: ["TRUNCATION_SIDE_", wire.TruncationSide],
  verdict: ["VERDICT_", wire.Verdict],
  stopped: ["STOPPING_REASON_", wire.StoppingReason],
  openBy: ["OPEN_REASON_", wire.OpenReason],
  leftOpen: ["OPEN_REASON_", wire.OpenReason],
};

/** A message as plain JSON, its enums in the words of JSON. */
function inWords(message: object): unknown {
  return JSON.parse(
    JSON.stringify(message, (key, value) => {
      const [prefix, values] = ENUMS[key] ?? [];
      if (prefix === undefined || values === undefined) return value;
      const word = (number: unknown) =>
        Object.keys(values)
          .find((name) => values[name] === number)!
          .slice(prefix.length)
          .toLowerCase();
      return Array.isArray(value) ? value.map(word) : word(value);
    }),
  );
}

/** A result of the domain, whose failures callers know as errors. */
const asTold = (result: object) =>
  JSON.parse(JSON.stringify(result, (_, value) => (value?.failure ? { ...value, failure: undefined, error: value.failure } : value)));

test("every value of a result reaches callers on both wires, under one name", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(scoreResponseToJson(RESULT))), asTold(RESULT));
  const message = service.ScoreResponse.decode(service.ScoreResponse.encode(scoreResponseToProto(RESULT)).finish());
  assert.deepEqual(inWords(message), asTold(RESULT));
});

test("every value of a result reaches the callers of a stream on both wires, under one name", () => {
  const { panel: _, results, ...shared } = RESULT;
  const result = { ...RESULT, results: results.slice(0, 1) };
  const told = asTold({ id: "a", result: results[0], ...shared });
  assert.deepEqual(JSON.parse(JSON.stringify(streamAnswerToJson({ id: "a", result }))), told);
  const answer = streamAnswerToProto({ id: "a", result });
  const { outcome, ...message } = service.ScoreStreamResponse.decode(service.ScoreStreamResponse.encode(answer).finish());
  assert.ok(outcome?.$case === "result");
  assert.deepEqual(inWords({ ...message, result: outcome.value }), told);
});

test("an error of one message of a stream is told alike on both wires, with all that is known of it", () => {
  const details = { field: "item.id", itemId: "a", retryAfterMs: 44, limit: 45, suggestions: ["b"] };
  const answer = { id: "a", error: new GatewayError("QUEUE_FULL", "full", { details }) };
  const told = { id: "a", error: { reason: "QUEUE_FULL", message: "full", retryable: true, details } };
  assert.deepEqual(JSON.parse(JSON.stringify(streamAnswerToJson(answer))), told);
  const { id, outcome } = service.ScoreStreamResponse.decode(service.ScoreStreamResponse.encode(streamAnswerToProto(answer)).finish());
  assert.deepEqual({ id, error: JSON.parse(JSON.stringify(outcome?.value)) }, told);
});
