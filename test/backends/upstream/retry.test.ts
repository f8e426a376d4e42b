import assert from "node:assert/strict";
import { test } from "node:test";
import { createRetryPolicy, parseRetryAfter, type RetryOptions } from "../../../src/backends/upstream/retry.ts";

const FAILED = { attempt: 1, safe: true, fresh: false, remainingMs: 60_000 };
const policyOf = (options: Partial<RetryOptions> = {}) => createRetryPolicy({ maxAttempts: 3, spare: 0, random: () => 0.5, ...options });

test("retries wait 100 ms, doubling to 1 s, ±20 %, and not at all when another address is at hand", () => {
  const delays = (random: number, fresh = false) =>
    [1, 2, 3, 4, 5].map((attempt) => policyOf({ maxAttempts: 9, random: () => random }).delayMs({ ...FAILED, attempt, fresh }));
  assert.deepEqual(delays(0.5), [100, 200, 400, 800, 1000]);
  assert.deepEqual(delays(0), [80, 160, 320, 640, 800]);
  assert.deepEqual(delays(0.5, true), [0, 0, 0, 0, 0]);
});

test("no retry is made that is not safe, that is one too many, or that comes too late", () => {
  for (const change of [{ safe: false }, { attempt: 3 }, { remainingMs: 100 }, { safe: false, fresh: true }]) {
    assert.equal(policyOf().delayMs({ ...FAILED, ...change }), undefined);
  }
});

test("failures use the budget up, and successes give a tenth of a retry back", () => {
  const policy = policyOf();
  assert.equal(policy.budget, 5);
  const allowed = () => {
    policy.failed();
    return policy.delayMs(FAILED) !== undefined;
  };
  assert.deepEqual(Array.from({ length: 8 }, allowed), [true, true, true, true, false, false, false, false]);
  assert.equal(policy.budget, 0);
  for (let n = 0; n < 39; n++) policy.succeeded();
  assert.equal(allowed(), false);
  for (let n = 0; n < 11; n++) policy.succeeded();
  assert.equal(allowed(), false);
  for (let n = 0; n < 11; n++) policy.succeeded();
  assert.equal(allowed(), true);
});

test("an outage, however long, leaves no debt: 51 successes after it allow a retry again", () => {
  const policy = policyOf();
  for (let n = 0; n < 1000; n++) policy.failed();
  for (let n = 0; n < 49; n++) policy.succeeded();
  assert.equal(policy.delayMs(FAILED), undefined);
  for (let n = 0; n < 2; n++) policy.succeeded();
  assert.equal(policy.delayMs(FAILED), 100);
});

test("where one of several servers may lose calls that others could take, the budget covers them", () => {
  const policy = policyOf({ spare: 16 });
  let retries = 0;
  for (let n = 0; n < 100; n++) {
    policy.failed();
    if (policy.delayMs(FAILED) !== undefined) retries++;
  }
  assert.equal(retries, 20);
});

test("parseRetryAfter(value) reads seconds and dates, and nothing else", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  assert.equal(parseRetryAfter("2", now), 2000);
  assert.equal(parseRetryAfter("0.5", now), 500);
  assert.equal(parseRetryAfter("Wed, 21 Oct 2026 07:28:03 GMT", now), 3000);
  assert.equal(parseRetryAfter("Wed, 21 Oct 2026 07:27:00 GMT", now), 0);
  for (const value of [undefined, "", "soon", "-"]) assert.equal(parseRetryAfter(value, now), undefined);
});
