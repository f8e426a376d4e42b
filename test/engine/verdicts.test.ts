import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Verdict } from "../../src/domain/constraint.ts";
import type { Constraint } from "../../src/domain/panel.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { readColumn } from "../../src/engine/score-column.ts";
import { judgeConstraints } from "../../src/engine/verdicts.ts";
import { constrainingParams, createConstraining } from "../../src/reward/constraints/constraining.ts";
import { memberOf, scriptedJudge } from "../support/scripted.ts";

const { join } = createConstraining(constrainingParams.parse({}), "logit", "r");

/** A calibration that fails. */
const NO_NUMBER = { method: "none", spaceIn: "logit", spaceOut: "logit", revision: "r", apply: () => Number.NaN } as const;

function constraintOf(name: string, bound: Constraint["bound"], more: Partial<Constraint> = {}): Constraint {
  return { ...memberOf(scriptedJudge({ name })), name, bound, notApplicable: "unknown", ...more };
}
function scored(value: number): Judgement {
  return { outcome: "scored", raw: { outcome: "scored", value }, cached: false, tokens: 1, truncation: undefined };
}
function without(outcome: "failed" | "abstained" | "not_applicable"): Judgement {
  return { outcome, failure: { reason: "BACKEND_UNAVAILABLE", message: "gone", retryable: true } };
}
/** The verdict on one candidate of which each constraint's judge says what is given. */
function judge(...held: [Constraint, Judgement][]) {
  const context = { steering: undefined, candidates: [{ content: "a" }], prompt: [], baselines: [], states: new Map() };
  const columns = held.map(([constraint, judgement]) => readColumn(constraint, [judgement], context));
  return judgeConstraints(
    held.map(([constraint]) => constraint),
    columns,
    0,
    join,
  );
}

describe("judgeConstraints(constraints, columns, candidate, join)", () => {
  it("takes a score that reaches its bound, from above or from below, and none beyond it", () => {
    const verdictOf = (bound: Constraint["bound"], score: number) => judge([constraintOf("c", bound), scored(score)]).verdict;
    const found = [0.4, 0.5, 0.6].map((score) => [verdictOf({ atLeast: 0.5 }, score), verdictOf({ atMost: 0.5 }, score)]);
    assert.deepEqual(found, [
      ["violated", "satisfied"],
      ["satisfied", "satisfied"],
      ["satisfied", "violated"],
    ]);
  });

  it("names every constraint that is violated, and nothing to try again", () => {
    const bound = { atMost: 1 };
    const { failure } = judge(
      [constraintOf("toxic", bound), scored(2)],
      [constraintOf("short", bound), scored(0)],
      [constraintOf("rude", bound), scored(3)],
    );
    assert.deepEqual(failure, { reason: "CONSTRAINT_VIOLATED", message: 'violates "toxic", "rude"', retryable: false });
  });

  it("never takes a judge without a score for a yes: it is unknown, with the judge's own failure", () => {
    for (const outcome of ["failed", "abstained", "not_applicable"] as const) {
      const { verdict, failure, parts } = judge([constraintOf("c", { atLeast: 0 }), without(outcome)]);
      assert.equal(verdict, "unknown");
      const message = 'constraint "c" could not be judged: gone';
      assert.deepEqual(failure, { reason: "BACKEND_UNAVAILABLE", message, retryable: true });
      assert.equal("score" in parts[0]!, false);
    }
    const unfinished = constraintOf("c", { atLeast: 0 }, { calibration: NO_NUMBER });
    assert.equal(judge([unfinished, scored(1)]).failure!.reason, "SCORE_NOT_FINITE");
  });

  it("holds for an item that its judge does not cover where the panel says so, and there alone", () => {
    const lenient = constraintOf("c", { atLeast: 0 }, { notApplicable: "satisfied" });
    const verdictOf = (judgement: Judgement): Verdict => judge([lenient, judgement]).verdict;
    assert.deepEqual([verdictOf(without("not_applicable")), verdictOf(without("failed"))], ["satisfied", "unknown"]);
    assert.equal("failure" in judge([lenient, without("not_applicable")]), false);
  });
});
