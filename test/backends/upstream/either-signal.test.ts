import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { eitherSignal } from "../../../src/backends/upstream/either-signal.ts";
import type { HttpTarget } from "../../../src/backends/upstream/http-target.ts";
import { openUpstream } from "../../../src/backends/upstream/upstream.ts";
import { manualClock } from "../../support/manual-clock.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("it aborts with any of its sources, also with one that has aborted before, and with none after its release", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const released = eitherSignal(one.signal, other.signal);
  const { signal } = eitherSignal(one.signal, undefined, other.signal);
  assert.equal(signal.aborted, false);
  released.release();
  other.abort();
  assert.equal(signal.aborted, true);
  assert.equal(eitherSignal(one.signal, other.signal).signal.aborted, true);
  assert.equal(released.signal.aborted, false);
});

test("a released signal leaves nothing at its sources, and a hundred at once are no leak to Node", (t) => {
  const warned = t.mock.method(process, "emitWarning");
  const source = new AbortController();
  const all = Array.from({ length: 100 }, () => eitherSignal(source.signal));
  assert.equal(getEventListeners(source.signal, "abort").length, 100);
  for (const { release } of all) release();
  assert.equal(getEventListeners(source.signal, "abort").length, 0);
  assert.equal(warned.mock.callCount(), 0);
});

test("50,000 calls leave nothing behind in an upstream that lives on", async () => {
  const target: HttpTarget = {
    name: "server",
    send: async () => ({ kind: "answered", status: 200, contentType: "application/json", body: "1" }),
    close: async () => {},
  };
  const clock = manualClock();
  const upstream = await openUpstream<number>({
    name: "rm",
    urls: ["http://server.invalid"],
    concurrency: 16,
    connectTimeoutMs: 5_000,
    responseTimeoutMs: 60_000,
    maxResponseBytes: 10_000,
    maxAttempts: 3,
    healthPath: "/health",
    healthIntervalMs: 60_000,
    reading: { answer: (body) => Number(body) },
    connect: () => target,
    clock,
    random: () => 0.5,
  });
  const call = async () => {
    const context = { signal: new AbortController().signal, remainingMs: () => 60_000, alone: false };
    assert.equal(await upstream.post("/score", "{}", context), 1);
    // Circuits remember the calls of the last seconds.
    clock.advance(1_000);
    // What is only held weakly goes with a turn of the event loop.
    await new Promise(setImmediate);
  };
  const heapAfter = async (calls: number) => {
    for (let n = 0; n < calls; n++) await call();
    collectGarbage();
    await new Promise(setImmediate);
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await heapAfter(5_000);
  const grown = (await heapAfter(50_000)) - before;
  assert.ok(grown < 1e6, `${grown} bytes`);
  await upstream.close(0);
});
