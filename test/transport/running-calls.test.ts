import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunningCalls } from "../../src/transport/running-calls.ts";

test("idle() resolves when the last call has ended, each of which counts once", async () => {
  const calls = createRunningCalls();
  await calls.idle();
  const first = calls.enter();
  const second = calls.enter();
  let idle = 0;
  const waiting = [calls.idle(), calls.idle()].map((promise) => promise.then(() => idle++));
  first();
  first();
  await Promise.resolve();
  assert.deepEqual([calls.count, idle], [1, 0]);
  second();
  await Promise.all(waiting);
  assert.deepEqual([calls.count, idle], [0, 2]);
});
