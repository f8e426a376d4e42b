import assert from "node:assert/strict";
import { test } from "node:test";
import { createRetryPolicy, parseRetryAfter } from "../../../src/backends/upstream/retry.ts";

const FAILED = { attempt: 1, safe: true, hintMs: undefined, remainingMs: 60_000 };

test("retries wait 100 ms, doubling to 1 s, ±20 %", () => {
  const delays = (random: number) => [1, 2, 3, 4, 5].map((attempt) => createRetryPolicy(9, () => random).delayMs({ ...FAILED, attempt }));
  assert.deepEqual(delays(0.5), [100, 200, 400, 800, 1000]);
  assert.deepEqual(delays(0), [80, 160, 320, 640, 800]);
});

test("a server's hint replaces the backoff and is never cut short", () => {
  assert.equal(createRetryPolicy(3, () => 0).delayMs({ ...FAILED, hintMs: 700 }), 700);
  assert.equal(createRetryPolicy(3, () => 1).delayMs({ ...FAILED, hintMs: 700 }), 840);
});

test("no retry is made that is not safe, that is one too many, or that comes too late", () => {
  for (const change of [{ safe: false }, { attempt: 3 }, { remainingMs: 100 }, { hintMs: 60_000 }]) {
    assert.equal(createRetryPolicy(3, () => 0.5).delayMs({ ...FAILED, ...change }), undefined);
  }
});

test("failures use the budget up, and successes give a tenth of a retry back", () => {
  const policy = createRetryPolicy(3, () => 0.5);
  const allowed = () => policy.delayMs(FAILED) !== undefined;
  assert.deepEqual(Array.from({ length: 8 }, allowed), [true, true, true, true, false, false, false, false]);
  for (let n = 0; n < 39; n++) policy.succeeded();
  assert.equal(allowed(), false);
  for (let n = 0; n < 11; n++) policy.succeeded();
  assert.equal(allowed(), false);
  for (let n = 0; n < 11; n++) policy.succeeded();
  assert.equal(allowed(), true);
});

test("parseRetryAfter(value) reads seconds and dates, and nothing else", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  assert.equal(parseRetryAfter("2", now), 2000);
  assert.equal(parseRetryAfter("0.5", now), 500);
  assert.equal(parseRetryAfter("Wed, 21 Oct 2026 07:28:03 GMT", now), 3000);
  assert.equal(parseRetryAfter("Wed, 21 Oct 2026 07:27:00 GMT", now), 0);
  for (const value of [undefined, "", "soon", "-"]) assert.equal(parseRetryAfter(value, now), undefined);
});
