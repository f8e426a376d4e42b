import assert from "node:assert/strict";
import { test } from "node:test";
import { type Demand, type QueueLimits, type QueueState, refusalOf } from "../../src/engine/admission.ts";

const limits: QueueLimits = { maxCalls: 10, maxTextSize: 1000, maxTokens: 100 };
const idle: QueueState = { calls: 0, textSize: 0, tokens: 0, backlogMs: 0 };
const small: Demand = { priority: "standard", calls: 1, textSize: 4, remainingMs: 1000 };

function refuse(state: Partial<QueueState>, demand: Partial<Demand>, random = 0.5) {
  return refusalOf("b", { limits, state: { ...idle, ...state }, demand: { ...small, ...demand } }, () => random);
}

test("each bound admits what reaches it and refuses one more", () => {
  assert.equal(refuse({ calls: 9 }, {}), undefined);
  assert.equal(refuse({ calls: 10 }, {})?.reason, "QUEUE_FULL");
  assert.equal(refuse({ calls: 1, textSize: 996 }, {}), undefined);
  assert.equal(refuse({ calls: 1, textSize: 997 }, {})?.reason, "QUEUE_FULL");
  assert.equal(refuse({ calls: 1, tokens: 99 }, {}), undefined);
  assert.equal(refuse({ calls: 1, tokens: 99.1 }, {})?.reason, "QUEUE_FULL");
});

test("the last quarter of each bound is left to what is not sheddable, and a request that finds the queue empty may use it all", () => {
  const fits = (priority: Demand["priority"], state: Partial<QueueState>, demand: Partial<Demand> = {}) =>
    refuse(state, { ...demand, priority }) === undefined;
  for (const [within, beyond] of [
    [{ calls: 6 }, { calls: 7 }],
    [
      { calls: 1, textSize: 746 },
      { calls: 1, textSize: 747 },
    ],
    [
      { calls: 1, tokens: 74 },
      { calls: 1, tokens: 74.1 },
    ],
  ] as const) {
    assert.ok(fits("sheddable", within));
    assert.deepEqual([fits("sheddable", beyond), fits("standard", beyond), fits("critical", beyond)], [false, true, true]);
  }
  assert.ok(fits("sheddable", {}, { calls: 10, textSize: 1_000 }));
});

test("what would not even fit an empty queue is too large, and that is no case for a retry", () => {
  assert.equal(refuse({}, { calls: 10, textSize: 1000 }), undefined);
  for (const [demand, limit] of [
    [{ calls: 11 }, limits.maxCalls],
    [{ calls: 10, textSize: 1001 }, limits.maxTextSize],
  ] as const) {
    const refusal = refuse({}, demand)!;
    assert.equal(refusal.reason, "TOO_LARGE");
    assert.equal(refusal.retryable, false);
    assert.equal(refusal.details.limit, limit);
  }
});

test("the retry hint grows with the backlog and is spread by a fifth to either side", () => {
  const hint = (backlogMs: number, random: number) => refuse({ calls: 10, backlogMs }, { remainingMs: 1e9 }, random)!.details.retryAfterMs;
  assert.deepEqual([hint(0, 0), hint(0, 0.5), hint(0, 1)], [80, 100, 120]);
  assert.equal(hint(10_000, 0.5), 5_000);
  const behind = [0, 0.5, 1].map((random) => refuse({ calls: 1, backlogMs: 10_000 }, {}, random)!);
  assert.deepEqual(
    behind.map(({ reason, details }) => [reason, details.retryAfterMs]),
    [8_000, 10_000, 12_000].map((ms) => ["DEADLINE_EXCEEDED", ms]),
  );
});

test("a backlog longer than the caller waits is refused on arrival", () => {
  assert.equal(refuse({ calls: 1, backlogMs: 1000 }, {}), undefined);
  assert.equal(refuse({ calls: 1, backlogMs: 1001 }, {})?.reason, "DEADLINE_EXCEEDED");
});
