import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { failuresIn, mayHavePassed, wasAway } from "../../../src/cli/score/causes.ts";
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

describe("wasAway", () => {
  it("holds where a judge that counts was away, also of a candidate with a reward", () => {
    assert.ok(wasAway({ candidates: [candidate("degraded", undefined, ["BACKEND_UNAVAILABLE"])] }));
    assert.ok(!wasAway({ candidates: [candidate("complete", undefined, [], "BACKEND_UNAVAILABLE")] }));
    assert.ok(!wasAway({ candidates: [candidate("failed", "QUEUE_FULL", ["QUEUE_FULL"])] }));
  });
});

describe("failuresIn", () => {
  it("counts candidates without a reward, and takes a record that failed as a whole for worse than any", () => {
    assert.equal(failuresIn({ candidates: [candidate("failed", "QUEUE_FULL"), candidate("complete"), candidate("vetoed")] }), 1);
    assert.ok(failuresIn({ candidates: [], failure: failureOf("QUEUE_FULL") }) > 1_000);
  });
});
