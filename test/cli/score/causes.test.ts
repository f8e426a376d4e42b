import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failuresIn, judgesAway, judgesThere, mayHavePassed } from "../../../src/cli/score/causes.ts";
import { type ErrorReason, GatewayError } from "../../../src/domain/errors.ts";
import type { CandidateResult, CandidateStatus } from "../../../src/domain/score.ts";

function failureOf(reason: ErrorReason) {
  const { message, retryable } = new GatewayError(reason, "so it is");
  return { reason, message, retryable };
}

/** @param parts reasons why judges that count gave nothing; `watched` of one that does not count */
function candidate(status: CandidateStatus, own?: ErrorReason, parts: ErrorReason[] = [], watched?: ErrorReason): CandidateResult {
  const part = (reason: ErrorReason, shadow: boolean) => ({ outcome: "failed", shadow, failure: failureOf(reason) });
  const judges = [...parts.map((reason) => part(reason, false)), ...(watched ? [part(watched, true)] : [])];
  return { status, ...(own && { failure: failureOf(own) }), missing: [], judges } as unknown as CandidateResult;
}

describe("mayHavePassed", () => {
  const of = (...candidates: CandidateResult[]) => mayHavePassed({ candidates });

  it("holds of a record or a candidate that failed by an outage, an overload or a deadline, and of nothing else that failed", () => {
    for (const reason of ["BACKEND_UNAVAILABLE", "QUEUE_FULL", "DEADLINE_EXCEEDED", "SHUTTING_DOWN"] as const) {
      assert.ok(of(candidate("complete"), candidate("failed", reason)), reason);
      assert.ok(mayHavePassed({ candidates: [], failure: failureOf(reason) }), reason);
    }
    for (const reason of ["SCORE_NOT_FINITE", "ITEM_TOO_LONG", "REQUEST_INVALID", "JUDGE_OUTPUT_UNREADABLE"] as const) {
      assert.ok(!of(candidate("failed", reason)), reason);
      assert.ok(!mayHavePassed({ candidates: [], failure: failureOf(reason) }), reason);
    }
    assert.ok(!of(candidate("complete"), candidate("degraded", undefined, ["BACKEND_UNAVAILABLE"])), "it has a reward");
  });

  it("asks the judges that count why a panel is incomplete, where the row has them", () => {
    assert.ok(of(candidate("failed", "PANEL_INCOMPLETE", ["JUDGE_OUTPUT_UNREADABLE", "BACKEND_UNAVAILABLE"])));
    assert.ok(!of(candidate("failed", "PANEL_INCOMPLETE", ["JUDGE_OUTPUT_UNREADABLE"])));
    assert.ok(!of(candidate("failed", "PANEL_INCOMPLETE", ["JUDGE_OUTPUT_UNREADABLE"], "BACKEND_UNAVAILABLE")));
    assert.ok(of(candidate("failed", "PANEL_INCOMPLETE")), "a row of detail reward");
  });

  it("holds where one judge says why for good and another may be back", () => {
    assert.ok(of(candidate("failed", "JUDGE_OUTPUT_UNREADABLE", ["JUDGE_OUTPUT_UNREADABLE", "BACKEND_UNAVAILABLE"])));
  });
});

describe("judgesAway and judgesThere", () => {
  const judge = (name: string, outcome: string, rest: object = {}) => ({ judge: name, outcome, shadow: false, cached: false, ...rest });
  const withParts = (...judges: object[]) => ({ candidates: [{ status: "degraded", missing: [], judges } as unknown as CandidateResult] });
  const away = { failure: failureOf("BACKEND_UNAVAILABLE") };

  it("name judges that count, also of a candidate with a reward", () => {
    const result = withParts(judge("a", "scored"), judge("b", "failed", away), judge("c", "failed", { ...away, shadow: true }));
    assert.deepEqual([judgesAway(result), judgesThere(result)], [["b"], ["a"]]);
  });

  it("take no judge for there that was not asked or whose score was remembered", () => {
    const result = withParts(judge("a", "scored", { cached: true }), judge("b", "skipped"), judge("c", "scored"));
    assert.deepEqual([judgesAway(result), judgesThere(result)], [[], ["c", ""]]);
  });

  it("know of one without a name where the result tells of none", () => {
    const failed = { candidates: [candidate("failed", "BACKEND_UNAVAILABLE")] };
    assert.deepEqual([judgesAway(failed), judgesThere(failed)], [[""], []]);
    assert.deepEqual(judgesAway({ candidates: [], ...away }), [""]);
    assert.deepEqual(judgesAway({ candidates: [candidate("failed", "QUEUE_FULL", ["QUEUE_FULL"])] }), []);
  });
});

describe("failuresIn", () => {
  it("counts candidates without a reward, and takes a record that failed as a whole for worse than any", () => {
    assert.equal(failuresIn({ candidates: [candidate("failed", "QUEUE_FULL"), candidate("complete"), candidate("vetoed")] }), 1);
    assert.ok(failuresIn({ candidates: [], failure: failureOf("QUEUE_FULL") }) > 1_000);
  });
});
