import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { createRateBudget, type RateLimits } from "../../../src/backends/upstream/rate-budget.ts";
import type { GatewayError } from "../../../src/domain/errors.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { settle } from "../../support/scripted.ts";

function budgetOf(limits: RateLimits) {
  const clock = manualClock();
  const outcomes: string[] = [];
  const budget = createRateBudget("llm", limits, clock, (outcome) => outcomes.push(outcome));
  const started: [string, number][] = [];
  const take = (name: string, tokens: number, signal?: AbortSignal) =>
    budget.take(tokens, signal && { signal, remainingMs: () => Infinity, alone: false }).then((allowance) => {
      allowance.begin();
      started.push([name, clock.now()]);
      return allowance.correct;
    });
  return { clock, budget, outcomes, started, take };
}

test("no minute holds more requests than allowed, wherever it begins, and requests start in order of arrival", async () => {
  const { clock, started, take } = budgetOf({ requestsPerMinute: 2 });
  const all = [take("a", 0)];
  await settle(1);
  clock.advance(40_000);
  all.push(take("b", 0), take("c", 0), take("d", 0), take("e", 0));
  await settle(1);
  for (let n = 0; n < 4; n++) {
    clock.advance(20_000);
    await settle(1);
  }
  await Promise.all(all.slice(0, 4));
  assert.deepEqual(started, [
    ["a", 0],
    ["b", 40_000],
    ["c", 60_000],
    ["d", 100_000],
    ["e", 120_000],
  ]);
});

test("tokens are counted as asked for until they are corrected; less than feared lets the next one start", async () => {
  const { started, take } = budgetOf({ tokensPerMinute: 100 });
  const correct = await take("a", 80);
  const second = take("b", 50);
  await settle(1);
  assert.equal(started.length, 1);
  correct(50);
  await second;
  assert.equal(started.length, 2);
});

test("a request with more tokens than a minute allows goes alone and not never", async () => {
  const { clock, started, take } = budgetOf({ tokensPerMinute: 100 });
  await take("a", 10);
  const large = take("b", 500);
  await settle(1);
  assert.equal(started.length, 1);
  clock.advance(60_000);
  await large;
  assert.deepEqual(started[1], ["b", 60_000]);
});

test("a request counts from when it is on its way, until then as long as it takes, and not at all when it is not made", async () => {
  const { clock, budget, started, take } = budgetOf({ requestsPerMinute: 2 });
  const [resting, dropped] = await Promise.all([budget.take(0), budget.take(0)]);
  const all = [take("c", 0), take("d", 0)];
  dropped.giveBack();
  await all[0];
  clock.advance(60_000);
  await all[1];
  clock.advance(10_000);
  resting.begin();
  all.push(take("e", 0), take("f", 0));
  for (const ms of [49_999, 1, 9_999, 1]) {
    clock.advance(ms);
    await settle(1);
  }
  await Promise.all(all);
  assert.deepEqual(started, [
    ["c", 0],
    ["d", 60_000],
    ["e", 120_000],
    ["f", 130_000],
  ]);
});

test("a request is refused at once when those that wait before it leave it no time", async () => {
  const { clock, budget, outcomes, take } = budgetOf({ requestsPerMinute: 1 });
  const all = [take("a", 0), take("b", 0)];
  await settle(1);
  clock.advance(10_000);
  const patient = (ms: number) => budget.take(0, { signal: new AbortController().signal, remainingMs: () => ms, alone: false });
  await assert.rejects(patient(110_000), ({ reason, details }: GatewayError) => {
    assert.deepEqual([reason, details.retryAfterMs], ["BACKEND_UNAVAILABLE", 110_000]);
    return true;
  });
  const third = patient(110_001);
  clock.advance(50_000);
  await Promise.all(all);
  clock.advance(60_000);
  await third;
  assert.deepEqual(outcomes, ["waited", "refused", "waited"]);
});

test("the tokens of those that wait before a request count for how long it would wait", async () => {
  const { budget, take } = budgetOf({ tokensPerMinute: 100 });
  await take("a", 100);
  void take("b", 60).catch(() => undefined);
  const patient = (tokens: number, ms: number) =>
    budget.take(tokens, { signal: new AbortController().signal, remainingMs: () => ms, alone: false });
  await assert.rejects(patient(41, 120_000), ({ details }: GatewayError) => details.retryAfterMs === 120_000);
  const beside = patient(40, 60_001).catch(({ reason }: GatewayError) => reason);
  budget.close();
  assert.equal(await beside, "CALLER_GONE");
});

test("tokens come back a minute after they were spent, each when its own minute is over", async () => {
  const { clock, started, take } = budgetOf({ tokensPerMinute: 100 });
  await take("a", 60);
  clock.advance(10_000);
  await take("b", 40);
  const last = take("c", 60);
  await settle(1);
  clock.advance(49_999);
  await settle(1);
  assert.equal(started.length, 2);
  clock.advance(1);
  await last;
  assert.deepEqual(started[2], ["c", 60_000]);
});

test("tokens of a request that is allowed and not on its way yet are taken", async () => {
  const { budget, started, take } = budgetOf({ tokensPerMinute: 100 });
  const allowance = await budget.take(80);
  const next = take("b", 30);
  await settle(1);
  assert.equal(started.length, 0);
  allowance.giveBack();
  await next;
});

test("a request leaves nothing behind on the signal of its callers, whether it started or they left", async () => {
  const { take } = budgetOf({ tokensPerMinute: 100 });
  const [caller, gone] = [new AbortController(), new AbortController()];
  await take("a", 100, caller.signal);
  const waiting = take("b", 10, gone.signal);
  await settle(1);
  gone.abort();
  await assert.rejects(waiting);
  for (const { signal } of [caller, gone]) assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("who leaves makes room for the next, and closing turns away what waits", async () => {
  const { clock, budget, started, take } = budgetOf({ tokensPerMinute: 100 });
  await take("a", 60);
  const gone = new AbortController();
  const large = take("b", 90, gone.signal);
  const small = take("c", 30);
  await settle(1);
  assert.equal(started.length, 1);
  gone.abort();
  await assert.rejects(large, { reason: "CALLER_GONE" });
  await small;
  const last = [take("d", 90), take("e", 10)];
  await settle(1);
  budget.close();
  for (const { status, reason } of (await Promise.allSettled(last)) as PromiseRejectedResult[])
    assert.deepEqual([status, reason?.reason], ["rejected", "CALLER_GONE"]);
  assert.equal(clock.pending, 0);
});

test("a request whose callers have left before it comes does not wait for its turn", async () => {
  const { clock, take } = budgetOf({ tokensPerMinute: 100 });
  await take("a", 100);
  await assert.rejects(take("b", 10, AbortSignal.abort()), { reason: "CALLER_GONE" });
  assert.equal(clock.pending, 0);
});
