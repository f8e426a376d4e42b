import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createOnnxBackend } from "../../src/backends/index.ts";
import { BatchCrash, type Call, segmentsOf } from "../../src/domain/backend.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { type BatcherOptions, createBatcher } from "../../src/engine/batcher.ts";
import type { Flight, Watcher } from "../../src/engine/flight.ts";
import { QUARANTINE_MS } from "../../src/engine/suspects.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { manualClock } from "../support/manual-clock.ts";
import { writeTestBundle } from "../support/onnx-model.ts";
import { type BackendScript, deferred, scriptedBackend, settle } from "../support/scripted.ts";

const STANDARD = { priority: "standard", rank: 0, expiresAt: Number.POSITIVE_INFINITY } as const;
const QUEUE = { maxCalls: 1000, maxTextSize: 1e9, maxTokens: 1e9 };
const NOBODY: Watcher = { flightStarted() {}, flightSettled() {} };

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups) await clean();
});

function batcherOf(script: BackendScript, options: Partial<BatcherOptions> = {}) {
  const backend = scriptedBackend({ tokens: () => 1, ...script });
  return { backend, batcher: createBatcher({ backend, queue: QUEUE, clock: systemClock, random: () => 0.5, ...options }) };
}

function callOf(text: string): Call {
  return { type: "forward", overlong: "error", segments: [{ text, origin: "candidate" }] };
}

const textsOf = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);
const reasonsOf = (flights: readonly Flight[]) => flights.map((flight) => flight.error?.reason);

/** Dispatches texts and waits until all have settled. */
async function score(batcher: ReturnType<typeof createBatcher>, texts: readonly string[]): Promise<Flight[]> {
  let waiting = 0;
  const watcher = { flightStarted() {}, flightSettled: () => void waiting-- };
  const flights = batcher.dispatch(texts.map(callOf), watcher, STANDARD);
  waiting = new Set(flights).size;
  while (waiting > 0) await settle(1);
  return flights;
}

/** A `beforeRun` that ends the process under every batch with "poison" in it. */
function diesOfPoison(texts: string[]): void {
  if (texts.includes("poison")) throw new BatchCrash("an inference process ended", undefined);
}

test("a text that ends the process it runs in fails alone after three crashes, and the other 31 of its batch are scored", async () => {
  const { backend, batcher } = batcherOf({ beforeRun: diesOfPoison });
  const flights = await score(batcher, ["poison", ...textsOf(31)]);
  assert.deepEqual(reasonsOf(flights), ["BACKEND_REFUSED", ...textsOf(31).map(() => undefined)]);
  assert.equal(flights[0]!.error!.retryable, false);
  assert.deepEqual(
    backend.batches.filter((batch) => batch.includes("poison")).map((batch) => batch.length),
    [32, 32, 1],
  );
  for (const text of textsOf(31)) assert.equal(backend.ran.filter((ran) => ran === text).length, 3);
});

test("several such texts in one batch cost one more crash each", async () => {
  let crashes = 0;
  const beforeRun = (texts: string[]) => {
    if (!texts.some((text) => text.startsWith("poison"))) return;
    crashes++;
    throw new BatchCrash("an inference process ended", undefined);
  };
  const { backend, batcher } = batcherOf({ beforeRun });
  const flights = await score(batcher, ["poison 1", ...textsOf(10), "poison 2", "poison 3"]);
  assert.equal(flights.filter((flight) => flight.error).length, 3);
  assert.equal(crashes, 5);
  assert.ok(backend.batches.every((batch) => batch.length > 0));
});

test("a text in quarantine is refused without a run, counted, and tried again when the quarantine is over", async () => {
  const clock = manualClock();
  const metrics = createMetrics({ version: "0", commit: "0" });
  const { backend, batcher } = batcherOf({ beforeRun: diesOfPoison }, { clock, metrics });
  await score(batcher, ["poison"]);
  const runs = backend.batches.length;
  const [refused, other] = await score(batcher, ["poison", "other"]);
  assert.deepEqual(reasonsOf([refused!, other!]), ["BACKEND_REFUSED", undefined]);
  assert.match(refused!.error!.message, /refused for 10 minutes/);
  assert.deepEqual(backend.batches.slice(runs), [["other"]]);
  assert.equal((await metrics.quarantined.get()).values[0]!.value, 2);
  clock.advance(QUARANTINE_MS);
  await score(batcher, ["poison"]);
  assert.ok(backend.batches.length > runs + 1);
});

test("texts that lost two processes by no fault of theirs are all scored, and travel together again", async () => {
  let kills = 2;
  const beforeRun = () => {
    if (kills-- > 0) throw new BatchCrash("an inference process was killed", undefined);
  };
  const { backend, batcher } = batcherOf({ beforeRun });
  const flights = await score(batcher, textsOf(8));
  assert.ok(flights.every((flight) => flight.result));
  const runs = backend.batches.length;
  await score(batcher, textsOf(8));
  assert.deepEqual(
    backend.batches.slice(runs).map((batch) => batch.length),
    [8],
  );
});

test("a text whose callers have left is not run again, and is by itself when it is sent next", async () => {
  let leave = () => {};
  const { backend, batcher } = batcherOf({
    beforeRun(texts) {
      if (backend.batches.length === 2) leave();
      diesOfPoison(texts);
    },
  });
  const flights = batcher.dispatch(["poison", "neighbour"].map(callOf), NOBODY, STANDARD);
  leave = () => batcher.leave(flights[0]!, NOBODY);
  while (flights.some((flight) => flight.state !== "settled")) await settle(1);
  assert.deepEqual(reasonsOf(flights), ["CALLER_GONE", undefined]);
  assert.deepEqual(backend.batches.slice(2), [["neighbour"]]);
  await score(batcher, ["poison", "another", "third"]);
  assert.deepEqual(backend.batches.slice(3), [["another", "third"], ["poison"]]);
});

test("a running batch hears when its last caller leaves, and not before", async () => {
  const gate = deferred();
  const signals: AbortSignal[] = [];
  const { batcher } = batcherOf({
    beforeRun(_texts, context) {
      signals.push(context!.signal);
      return gate.promise;
    },
  });
  const flights = batcher.dispatch(["one", "other"].map(callOf), NOBODY, STANDARD);
  while (signals.length === 0) await settle(1);
  batcher.leave(flights[0]!, NOBODY);
  assert.equal(signals[0]!.aborted, false);
  batcher.leave(flights[1]!, NOBODY);
  assert.equal(signals[0]!.aborted, true);
  gate.resolve();
});

test("whoever asks for a call while its deserted run is being stopped gets a run of their own", async () => {
  const stopped = deferred();
  const { backend, batcher } = batcherOf({
    async beforeRun(_texts, context) {
      if (backend.batches.length > 1) return;
      await stopped.promise;
      if (context!.signal.aborted) throw new GatewayError("CALLER_GONE", "stopped");
    },
  });
  const [flight] = batcher.dispatch([callOf("asked twice")], NOBODY, STANDARD);
  while (backend.batches.length === 0) await settle(1);
  batcher.leave(flight!, NOBODY);
  const second = score(batcher, ["asked twice"]);
  stopped.resolve();
  assert.deepEqual(reasonsOf(await second), [undefined]);
  assert.equal(backend.batches.length, 2);
});

test("a backend is told how long its most patient caller waits", async () => {
  const clock = manualClock(1000);
  const remaining: number[] = [];
  const { batcher } = batcherOf({ beforeRun: (_texts, context) => void remaining.push(context!.remainingMs()) }, { clock });
  batcher.dispatch([callOf("soon")], NOBODY, { ...STANDARD, expiresAt: 1500 });
  const [flight] = batcher.dispatch([callOf("late")], NOBODY, { ...STANDARD, expiresAt: 4000 });
  while (flight!.state !== "settled") await settle(1);
  assert.deepEqual(remaining, [3000]);
});

test("a backend is told once that a batch is alone, and not of it again when it is tried again", async () => {
  const told: boolean[] = [];
  const { batcher } = batcherOf({
    beforeRun(texts, context) {
      told.push(context!.alone);
      if (told.length === 1) diesOfPoison(texts);
    },
  });
  await score(batcher, ["poison"]);
  assert.deepEqual(told, [true, false]);
});

test("a backend that answers more or fewer calls than it was asked has answered none, since nobody knows whose score is whose", async () => {
  for (const answered of [3, 1]) {
    const backend = scriptedBackend({ tokens: () => 1 });
    const run: typeof backend.run = async (batch, context) => {
      const results = await backend.run(batch, context);
      return [...results, ...results].slice(0, answered);
    };
    const batcher = createBatcher({ backend: { ...backend, run }, queue: QUEUE, clock: systemClock, random: () => 0.5 });
    const flights = await score(batcher, ["one", "other"]);
    assert.deepEqual(reasonsOf(flights), ["BACKEND_UNAVAILABLE", "BACKEND_UNAVAILABLE"]);
    assert.match(flights[0]!.error!.message, new RegExp(`answered ${answered} of 2 calls`));
  }
});

test("abandon ends what is being isolated: nothing of it runs again", async () => {
  const stopping = new GatewayError("SHUTTING_DOWN", "stopping");
  const { backend, batcher } = batcherOf({
    beforeRun(texts) {
      batcher.abandon(stopping);
      diesOfPoison(texts);
    },
  });
  const flights = await score(batcher, ["poison", "neighbour"]);
  await settle();
  assert.deepEqual(reasonsOf(flights), ["SHUTTING_DOWN", "SHUTTING_DOWN"]);
  assert.equal(backend.batches.length, 1);
});

test("a text that no inference process survives costs neither its batch-mates nor the batches behind it a score, with a real model", async () => {
  const bundle = writeTestBundle({ endlessOnLastWord: true });
  const metrics = createMetrics({ version: "0", commit: "0" });
  metrics.declareBackend("mortal");
  const { remove, ...files } = bundle;
  const backend = await createOnnxBackend({
    name: "mortal",
    ...files,
    maxTokens: 24,
    batchable: true,
    device: "cpu",
    executors: 1,
    threadsPerExecutor: 1,
    maxBatchCalls: 8,
    maxPaddingRatio: 0.9,
    hangTimeoutSeconds: 2,
    metrics,
  });
  cleanups.push(async () => {
    await backend.close();
    remove();
  });
  const batcher = createBatcher({ backend, queue: QUEUE, clock: systemClock, random: () => 0.5, metrics });
  const texts = textsOf(24);
  const flights = await score(batcher, [...texts.slice(0, 3), "poison", ...texts.slice(3)]);
  assert.deepEqual(
    flights.filter((flight) => flight.error).map((flight) => [segmentsOf(flight.call)[0]!.text, flight.error!.reason]),
    [["poison", "BACKEND_REFUSED"]],
  );
  assert.ok(flights.filter((flight) => !flight.error).every((flight) => Number.isFinite(flight.result!.outputs.reward![0])));
  const restarts = await metrics.workerRestarts.get();
  assert.equal(restarts.values.find(({ labels }) => labels.backend === "mortal" && labels.reason === "hang")!.value, 3);
  assert.ok((await score(batcher, ["and afterwards"]))[0]!.result);
});
