import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { BatchCrash, type Call, segmentsOf } from "../../src/domain/backend.ts";
import { systemClock } from "../../src/domain/clock.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { type BatcherOptions, createBatcher } from "../../src/engine/batcher.ts";
import type { Flight, Urgency, Watcher } from "../../src/engine/flight.ts";
import { manualClock } from "../support/manual-clock.ts";
import { type BackendScript, deferred, holdFirst, scriptedBackend, settle } from "../support/scripted.ts";

const WIDE = { maxCalls: 100_000, maxTextSize: 1e9, maxTokens: 1e9 };
const STANDARD: Urgency = { priority: "standard", rank: 0, expiresAt: Number.POSITIVE_INFINITY };

function callOf(text: string): Call {
  return { type: "forward", overlong: "error", segments: [{ text, origin: "candidate" }] };
}

/** A watcher that keeps what it hears. */
function listener(): Watcher & { settled: Flight[]; started: Flight[] } {
  const heard = { settled: [] as Flight[], started: [] as Flight[] };
  return { ...heard, flightStarted: (f) => void heard.started.push(f), flightSettled: (f) => void heard.settled.push(f) };
}

function batcherOf(script: BackendScript, options: Partial<BatcherOptions> = {}) {
  const backend = scriptedBackend(script);
  return { backend, batcher: createBatcher({ backend, queue: WIDE, clock: systemClock, random: () => 0.5, ...options }) };
}

test("a call that arrives alone runs in the next turn of the event loop, without a wait", async () => {
  const { backend, batcher } = batcherOf({});
  const [flight] = batcher.dispatch([callOf("alone")], listener(), STANDARD);
  await settle();
  assert.deepEqual(backend.batches, [["alone"]]);
  assert.equal(flight!.result!.outputs.score![0], 5);
});

test("a batch is told that it is alone while nothing else runs or waits, and only then", async () => {
  const told = new Map<string, boolean>();
  const gate = holdFirst();
  const { batcher } = batcherOf({
    limits: { parallelism: 2, concurrency: 2, maxBatchCalls: 1 },
    async beforeRun(texts, context) {
      told.set(texts[0]!, context!.alone);
      await gate.beforeRun();
    },
  });
  batcher.dispatch([callOf("alone")], listener(), STANDARD);
  await settle();
  batcher.dispatch([callOf("beside")], listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  batcher.dispatch(["aa", "bb"].map(callOf), listener(), STANDARD);
  await settle(20);
  assert.deepEqual(Object.fromEntries(told), { alone: true, beside: false, aa: false, bb: false });
});

test("calls of one turn travel together, nearest lengths first, within tokens and padding", async () => {
  const gate = holdFirst();
  const { backend, batcher } = batcherOf({ limits: { maxBatchTokens: 100, maxPaddingRatio: 0.2 }, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x")], listener(), STANDARD);
  await settle();
  const lengths = [10, 50, 11, 49, 12, 48, 90];
  batcher.dispatch(
    lengths.map((length) => callOf("y".repeat(length))),
    listener(),
    STANDARD,
  );
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(
    backend.batches.slice(1).map((batch) => batch.map((text) => text.length).sort((a, b) => a - b)),
    [[90], [49, 50], [48], [10, 11, 12]],
  );
});

test("one executor reads a group of unlike lengths in one pass, and two share it", async () => {
  for (const [parallelism, passes] of [
    [1, [[85, 90, 95, 100]]],
    [2, [[100], [90, 95], [85]]],
  ] as const) {
    const limits = { maxBatchTokens: 1_000, maxPaddingRatio: 0.2, parallelism, concurrency: parallelism };
    const { backend, batcher } = batcherOf({ limits });
    batcher.dispatch(
      [100, 95, 90, 85].map((length) => callOf("y".repeat(length))),
      listener(),
      STANDARD,
    );
    await settle(20);
    assert.deepEqual(
      backend.batches.map((batch) => batch.map((text) => text.length).sort((a, b) => a - b)),
      passes,
    );
  }
});

test("what is more urgent goes first however short it is, and of equal urgency the longest", async () => {
  const gate = holdFirst();
  const { backend, batcher } = batcherOf({ limits: { maxBatchCalls: 1 }, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x")], listener(), STANDARD);
  await settle();
  batcher.dispatch(["later, long", "late"].map(callOf), listener(), { ...STANDARD, rank: 2 });
  batcher.dispatch(["one", "three", "four"].map(callOf), listener(), { ...STANDARD, rank: 1 });
  batcher.dispatch(["now"].map(callOf), listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.ran.slice(1), ["now", "three", "four", "one", "later, long", "late"]);
});

test("no batch passes the limits of tokens, calls or padding, and every call runs exactly once, over 300 random queues", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 120 }),
      fc.record({
        maxBatchTokens: fc.integer({ min: 16, max: 1024 }),
        maxBatchCalls: fc.integer({ min: 1, max: 40 }),
        parallelism: fc.integer({ min: 1, max: 3 }),
        maxPaddingRatio: fc.constantFrom(0, 0.1, 0.5),
      }),
      async (lengths, limits) => {
        const { backend, batcher } = batcherOf({
          limits: { ...limits, concurrency: limits.parallelism },
          tokens: (text) => Number(text.split(":")[1]),
        });
        const watcher = listener();
        batcher.dispatch(
          lengths.map((length, index) => callOf(`${index}:${length}`)),
          watcher,
          STANDARD,
        );
        while (watcher.settled.length < lengths.length) await settle(1);
        for (const batch of backend.batches) {
          const tokens = batch.map((text) => Number(text.split(":")[1]));
          const padded = Math.max(...tokens) * batch.length;
          if (batch.length > 1)
            assert.ok(padded <= limits.maxBatchTokens, `${padded} tokens in a batch of at most ${limits.maxBatchTokens}`);
          assert.ok(batch.length <= limits.maxBatchCalls);
          const real = tokens.reduce((sum, value) => sum + value, 0);
          assert.ok(1 - real / padded <= limits.maxPaddingRatio + 1e-9);
        }
        assert.deepEqual([...backend.ran].sort(), lengths.map((length, index) => `${index}:${length}`).sort());
      },
    ),
    { numRuns: 300 },
  );
});

/** Calls `prompt:number:tokens`, of which the first 50 tokens are the prompt's. */
const behindPrompts = (rowTokens: number): BackendScript => ({
  tokens: (text) => Number(text.split(":")[2]),
  prefix: (text) => ({ key: text.split(":")[0]!, tokens: 50, rowTokens }),
});

test("calls of one prefix travel together whatever their lengths, and their prefix counts once", async () => {
  const gate = holdFirst();
  const limits = { maxBatchTokens: 200, maxPaddingRatio: 0.2 };
  const { backend, batcher } = batcherOf({ ...behindPrompts(200), limits, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x:0:50")], listener(), STANDARD);
  await settle();
  // Rows: a of 50 + 10 + 90 + 20, and a rest of 50 + 60; b of 50 + 40 + 30; c alone.
  const calls = ["a:0:60", "b:0:90", "a:1:140", "c:0:55", "a:2:70", "b:1:80", "a:3:110"];
  batcher.dispatch(calls.map(callOf), listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.batches.slice(1), [["a:1:140", "a:0:60", "a:2:70"], ["a:3:110"], ["b:0:90", "b:1:80"], ["c:0:55"]]);
});

test("calls of one prefix wait for each other, and are no company by length for what goes before them", async () => {
  const gate = holdFirst();
  const limits = { maxBatchTokens: 200, maxPaddingRatio: 0.2 };
  const { backend, batcher } = batcherOf({ ...behindPrompts(200), limits, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x:0:50")], listener(), STANDARD);
  await settle();
  batcher.dispatch(["a:0:60", "a:1:100"].map(callOf), listener(), { ...STANDARD, rank: 1 });
  batcher.dispatch([callOf("b:0:60")], listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.batches.slice(1), [["b:0:60"], ["a:1:100", "a:0:60"]]);
});

test("the last call of a prefix, whose others have gone, has company by length as any other", async () => {
  const gate = holdFirst();
  const limits = { maxBatchTokens: 300, maxPaddingRatio: 0.2 };
  const { backend, batcher } = batcherOf({ ...behindPrompts(180), limits, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x:0:50")], listener(), STANDARD);
  await settle();
  // A row of 50 + 100 + 10, without the 90 of a:1.
  const calls = ["a:0:150", "a:1:140", "a:2:60", "b:0:145", "c:0:52"];
  batcher.dispatch(calls.map(callOf), listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.batches.slice(1), [["a:0:150", "a:2:60"], ["b:0:145", "a:1:140"], ["c:0:52"]]);
});

test("a prompt that comes again when its calls have gone is new: what ran does not run again, and its call has company by length", async () => {
  const { backend, batcher } = batcherOf({ ...behindPrompts(180), limits: { maxBatchTokens: 300, maxPaddingRatio: 0.2 } });
  const run = async (texts: readonly string[]) => {
    const heard = listener();
    batcher.dispatch(texts.map(callOf), heard, STANDARD);
    while (heard.settled.length < texts.length) await settle(1);
  };
  await run(["a:0:60"]);
  await run(["b:0:60", "a:1:60"]);
  await run(["a:2:60", "a:3:60"]);
  assert.deepEqual(backend.batches, [["a:0:60"], ["b:0:60", "a:1:60"], ["a:2:60", "a:3:60"]]);
});

test("rows of several prompts share a batch where they are about as long", async () => {
  const gate = holdFirst();
  const limits = { maxBatchTokens: 250, maxPaddingRatio: 0.2 };
  const { backend, batcher } = batcherOf({ ...behindPrompts(120), limits, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("x:0:50")], listener(), STANDARD);
  await settle();
  const calls = ["a:0:80", "b:0:55", "a:1:80", "b:1:55", "c:0:82", "c:1:79"];
  batcher.dispatch(calls.map(callOf), listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.batches.slice(1), [
    ["c:0:82", "c:1:79", "a:0:80", "a:1:80"],
    ["b:0:55", "b:1:55"],
  ]);
});

test("no batch of rows passes the limits, every call runs exactly once and one that left never, over random queues of groups", async () => {
  const callText = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.nat(120), fc.boolean());
  await fc.assert(
    fc.asyncProperty(
      fc.array(callText, { minLength: 1, maxLength: 60 }),
      fc.record({ maxBatchTokens: fc.integer({ min: 180, max: 600 }), maxBatchCalls: fc.integer({ min: 1, max: 12 }) }),
      async (drawn, limits) => {
        const gate = holdFirst();
        const script = { ...behindPrompts(180), limits: { ...limits, maxPaddingRatio: 0.3 }, beforeRun: gate.beforeRun };
        const { backend, batcher } = batcherOf(script);
        const [stays, leaves] = [listener(), listener()];
        batcher.dispatch([callOf("x:0:50")], stays, STANDARD);
        await settle();
        const texts = drawn.map(([prompt, own], index) => `${prompt}:${index}:${50 + own}`);
        const flights = texts.map((text, index) => batcher.dispatch([callOf(text)], drawn[index]![2] ? leaves : stays, STANDARD)[0]!);
        await settle();
        for (const flight of flights.filter((_, index) => drawn[index]![2])) batcher.leave(flight, leaves);
        gate.release();
        const kept = texts.filter((_, index) => !drawn[index]![2]);
        while (stays.settled.length < kept.length + 1) await settle(1);
        assert.deepEqual(backend.ran.slice(1).sort(), [...kept].sort());
        for (const batch of backend.batches) {
          assert.ok(batch.length <= limits.maxBatchCalls);
          const prompts = new Set(batch.map((text) => text.split(":")[0]!));
          const read = batch.reduce((sum, text) => sum + Number(text.split(":")[2]) - 50, 50 * prompts.size);
          assert.ok(batch.length === 1 || read <= limits.maxBatchTokens);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test("a burst is shared evenly between executors that run side by side", async () => {
  const { backend, batcher } = batcherOf({ limits: { parallelism: 2, concurrency: 4 }, beforeRun: () => settle(3) });
  batcher.dispatch(
    Array.from({ length: 8 }, (_, index) => callOf(`same length ${index}`)),
    listener(),
    STANDARD,
  );
  await settle(20);
  assert.deepEqual(
    backend.batches.slice(0, 2).map((batch) => batch.length),
    [4, 4],
  );
});

test("where nothing is padded, what may go in one request goes together whatever its length", async () => {
  const gate = holdFirst();
  const limits = { padded: false, maxPaddingRatio: 0, maxBatchCalls: 3 };
  const { backend, batcher } = batcherOf({ limits, request: (text) => text[0]!, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  batcher.dispatch(["a", "aaa", "bbbb", "aaaaa", "b", "aaaaaaa"].map(callOf), listener(), STANDARD);
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.batches.slice(1), [["aaaaaaa", "a", "aaa"], ["aaaaa"], ["bbbb", "b"]]);
});

test("a backend that cannot batch gets every call alone", async () => {
  for (const script of [{}, { prefix: () => ({ key: "p", tokens: 1, rowTokens: 100 }) }]) {
    const { backend, batcher } = batcherOf({ ...script, limits: { batchable: false } });
    batcher.dispatch([callOf("a"), callOf("b"), callOf("c")], listener(), STANDARD);
    await settle(20);
    assert.deepEqual(backend.batches, [["a"], ["b"], ["c"]]);
  }
});

test("with eight places and eight calls running, ten more calls lose exactly two, at once", async () => {
  const gate = deferred();
  const { backend, batcher } = batcherOf(
    { limits: { maxBatchCalls: 8 }, beforeRun: () => gate.promise },
    { queue: { ...WIDE, maxCalls: 8 } },
  );
  batcher.dispatch(
    Array.from({ length: 8 }, (_, index) => callOf(`running ${index}`)),
    listener(),
    STANDARD,
  );
  await settle();
  assert.equal(backend.batches[0]!.length, 8);
  let refused = 0;
  for (let index = 0; index < 10; index++) {
    try {
      batcher.dispatch([callOf(`waiting ${index}`)], listener(), STANDARD);
    } catch (error) {
      assert.ok(error instanceof GatewayError && error.reason === "QUEUE_FULL" && error.retryable);
      assert.ok(error.details.retryAfterMs! > 0);
      refused++;
    }
  }
  assert.equal(refused, 2);
  gate.resolve();
  await settle(20);
  assert.equal(backend.ran.length, 16);
});

test("calls of work that is under way wait however full the queue is, and leave no room that was not there", async () => {
  const gate = deferred();
  const { backend, batcher } = batcherOf({ beforeRun: () => gate.promise }, { queue: { ...WIDE, maxCalls: 1 } });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  batcher.dispatch([callOf("waiting")], listener(), STANDARD);
  batcher.dispatch([callOf("further 1")], listener(), { ...STANDARD, underWay: true });
  batcher.dispatch([callOf("further 2")], listener(), { ...STANDARD, underWay: true });
  assert.throws(() => batcher.dispatch([callOf("new")], listener(), STANDARD), { reason: "QUEUE_FULL" });
  const tooMany = [callOf("a"), callOf("b")];
  assert.throws(() => batcher.dispatch(tooMany, listener(), { ...STANDARD, underWay: true }), { reason: "TOO_LARGE" });
  gate.resolve();
  await settle(20);
  assert.deepEqual(backend.ran.toSorted(), ["further 1", "further 2", "running", "waiting"]);
});

test("the queue is bounded in text and in tokens as well as in calls", async () => {
  const gate = deferred();
  for (const queue of [
    { ...WIDE, maxTextSize: 100 },
    { ...WIDE, maxTokens: 25 },
  ]) {
    const { batcher } = batcherOf({ beforeRun: () => gate.promise }, { queue });
    batcher.dispatch([callOf("r".repeat(60))], listener(), STANDARD);
    await settle();
    batcher.dispatch([callOf("w".repeat(60))], listener(), STANDARD);
    assert.throws(() => batcher.dispatch([callOf("v".repeat(60))], listener(), STANDARD), { reason: "QUEUE_FULL" });
  }
  gate.resolve();
});

test("a request that could never fit is refused for good, not for a retry", () => {
  const { batcher } = batcherOf({}, { queue: { ...WIDE, maxCalls: 4 } });
  const calls = Array.from({ length: 5 }, (_, index) => callOf(`${index}`));
  assert.throws(() => batcher.dispatch(calls, listener(), STANDARD), { reason: "TOO_LARGE" });
});

test("a refused request leaves nothing behind in the queue", async () => {
  const gate = deferred();
  const { backend, batcher } = batcherOf({ beforeRun: () => gate.promise }, { queue: { ...WIDE, maxCalls: 3 } });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  batcher.dispatch([callOf("a"), callOf("b")], listener(), STANDARD);
  assert.throws(() => batcher.dispatch([callOf("c"), callOf("d")], listener(), STANDARD), { reason: "QUEUE_FULL" });
  batcher.dispatch([callOf("e")], listener(), STANDARD);
  gate.resolve();
  await settle(20);
  assert.deepEqual([...backend.ran].sort(), ["a", "b", "e", "running"]);
});

test("equal calls in flight run once, and the flight outlives the caller that started it", async () => {
  const gate = deferred();
  const { backend, batcher } = batcherOf({
    limits: { maxBatchCalls: 1 },
    beforeRun: (texts) => (texts[0] === "block" ? gate.promise : undefined),
  });
  batcher.dispatch([callOf("block")], listener(), STANDARD);
  await settle();
  const watchers = Array.from({ length: 1000 }, listener);
  const flights = watchers.map((watcher) => batcher.dispatch([callOf("same")], watcher, STANDARD)[0]!);
  assert.equal(new Set(flights).size, 1);
  batcher.leave(flights[0]!, watchers[0]!);
  gate.resolve();
  await settle(20);
  assert.deepEqual(backend.ran, ["block", "same"]);
  assert.equal(watchers[0]!.settled.length, 0);
  assert.ok(watchers.slice(1).every((watcher) => watcher.settled.length === 1 && watcher.settled[0]!.result));
});

test("a failure reaches every caller that waits for the same call, with one reason", async () => {
  const { batcher } = batcherOf({ beforePrepare: () => new GatewayError("ITEM_TOO_LONG", "too long") });
  const watchers = [listener(), listener(), listener()];
  for (const watcher of watchers) batcher.dispatch([callOf("same")], watcher, STANDARD);
  await settle();
  for (const watcher of watchers) assert.equal(watcher.settled[0]!.error!.reason, "ITEM_TOO_LONG");
});

test("a call whose last caller left never runs, and its place in the queue is free again", async () => {
  const gate = deferred();
  const { backend, batcher } = batcherOf(
    { beforeRun: () => gate.promise, limits: { maxBatchCalls: 1 } },
    { queue: { ...WIDE, maxCalls: 1 } },
  );
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  const watcher = listener();
  const [flight] = batcher.dispatch([callOf("left")], watcher, STANDARD);
  await settle();
  batcher.leave(flight!, watcher);
  batcher.dispatch([callOf("next")], listener(), STANDARD);
  gate.resolve();
  await settle(20);
  assert.deepEqual(backend.ran, ["running", "next"]);
});

test("a call that nobody waits for any more leaves the memory, though no call of its length follows", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const gate = holdFirst();
  const { batcher } = batcherOf({ beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  const watcher: Watcher = { flightStarted() {}, flightSettled() {} };
  const left = [500, 600, 700].map((length) => new WeakRef(batcher.dispatch([callOf("x".repeat(length))], watcher, STANDARD)[0]!));
  await settle();
  left.forEach((flight) => {
    batcher.leave(flight.deref()!, watcher);
  });
  const heard = listener();
  batcher.dispatch([callOf("short")], heard, STANDARD);
  gate.release();
  while (heard.settled.length === 0) await settle(1);
  await settle();
  collectGarbage();
  assert.deepEqual(
    left.map((flight) => flight.deref()),
    [undefined, undefined, undefined],
  );
});

test("a place in the queue is free again however its call ends: unreadable, too late, or left while it is prepared or runs", async () => {
  const clock = manualClock();
  const running = deferred();
  const prepared = deferred();
  const backend = scriptedBackend({
    beforePrepare: (text) => (text.startsWith("unreadable") ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined),
    beforeRun: () => running.promise,
    limits: { maxBatchCalls: 1 },
  });
  let holds = false;
  const prepare: typeof backend.prepare = async (calls) => {
    if (holds) await prepared.promise;
    return backend.prepare(calls);
  };
  const queue = { ...WIDE, maxCalls: 2 };
  const batcher = createBatcher({ backend: { ...backend, prepare }, queue, clock, random: () => 0.5 });
  const send = (text: string, urgency: Partial<Urgency> = {}) => {
    const heard = listener();
    const [flight] = batcher.dispatch([callOf(text)], heard, { ...STANDARD, ...urgency });
    return { flight: flight!, heard, leave: () => batcher.leave(flight!, heard) };
  };
  const bothPlacesAreFree = () => {
    const free = [send("x 1"), send("x 2")];
    assert.throws(() => send("x 3"), { reason: "QUEUE_FULL" });
    for (const { leave } of free) leave();
  };
  const first = send("running 1");
  await settle();
  bothPlacesAreFree();

  send("unreadable 1");
  send("unreadable 2");
  await settle();
  bothPlacesAreFree();

  holds = true;
  const early = send("left early");
  await settle();
  early.leave();
  prepared.resolve();
  holds = false;
  await settle();
  bothPlacesAreFree();

  first.leave();
  bothPlacesAreFree();

  const late = send("late", { expiresAt: 100 });
  await settle();
  clock.advance(100);
  running.resolve();
  await settle(20);
  assert.equal(late.heard.settled[0]!.error!.reason, "DEADLINE_EXCEEDED");
  bothPlacesAreFree();
});

test("what waits counts in tokens as the tokenizer counted it, once, and by its text until then; what left meanwhile counts nothing", async () => {
  const running = deferred();
  const prepared = deferred();
  const backend = scriptedBackend({ limits: { maxBatchCalls: 1 }, beforeRun: () => running.promise });
  const prepare: typeof backend.prepare = async (calls) => {
    if (backend.ran.length > 0) await prepared.promise;
    return backend.prepare(calls);
  };
  const queue = { ...WIDE, maxTokens: 100 };
  const batcher = createBatcher({ backend: { ...backend, prepare }, queue, clock: systemClock, random: () => 0.5 });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  const watcher = listener();
  const [left] = batcher.dispatch([callOf("left".repeat(15))], watcher, STANDARD);
  await settle();
  batcher.leave(left!, watcher);
  prepared.resolve();
  await settle();
  batcher.dispatch([callOf("a".repeat(60))], listener(), STANDARD);
  await settle();
  // 60 and an estimate of 40 are 100.
  assert.throws(() => batcher.dispatch([callOf("b".repeat(161))], listener(), STANDARD), { reason: "QUEUE_FULL" });
  batcher.dispatch([callOf("b".repeat(160))], listener(), STANDARD);
  running.resolve();
  await settle(20);
  assert.deepEqual(
    backend.ran.map((text) => text.length),
    ["running".length, 60, 160],
  );
});

test("a call lives as long as the most patient caller that waits for it, whoever came first", async () => {
  for (const deadlines of [
    [100, 900],
    [900, 100],
  ]) {
    const clock = manualClock();
    const gate = holdFirst();
    const { batcher } = batcherOf({ beforeRun: gate.beforeRun, limits: { maxBatchCalls: 1 } }, { clock });
    batcher.dispatch([callOf("running")], listener(), STANDARD);
    await settle();
    const watchers = deadlines.map((expiresAt) => {
      const heard = listener();
      batcher.dispatch([callOf("shared")], heard, { ...STANDARD, expiresAt });
      return heard;
    });
    await settle();
    clock.advance(500);
    gate.release();
    await settle(20);
    for (const { settled } of watchers) assert.ok(settled[0]!.result, settled[0]!.error?.message);
  }
});

test("a call whose deadline passed in the queue is dropped when its turn comes", async () => {
  const clock = manualClock();
  const gate = deferred();
  const { backend, batcher } = batcherOf({ beforeRun: () => gate.promise, limits: { maxBatchCalls: 1 } }, { clock });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  const watcher = listener();
  batcher.dispatch([callOf("late")], watcher, { ...STANDARD, expiresAt: 100 });
  await settle();
  clock.advance(101);
  gate.resolve();
  await settle(20);
  assert.deepEqual(backend.ran, ["running"]);
  assert.equal(watcher.settled[0]!.error!.reason, "DEADLINE_EXCEEDED");
});

test("work that cannot end before its deadline, behind what goes before it, is refused on arrival once the speed is known", async () => {
  const clock = manualClock();
  const { backend, batcher } = batcherOf(
    {
      limits: { maxBatchCalls: 1 },
      tokens: () => 100,
      beforeRun: () => clock.advance(200),
    },
    { clock },
  );
  assert.equal(batcher.backlogMs(), 0);
  const first = Array.from({ length: 8 }, (_, index) => callOf(`first ${index}`));
  batcher.dispatch(first, listener(), STANDARD);
  await settle(60);
  assert.equal(backend.ran.length, 8);
  const many = Array.from({ length: 10 }, (_, index) => callOf(`queued ${index} ${"z".repeat(400)}`));
  batcher.dispatch(many, listener(), STANDARD);
  assert.ok(batcher.backlogMs() > 1000);
  assert.throws(() => batcher.dispatch([callOf("hopeless")], listener(), { ...STANDARD, expiresAt: clock.now() + 100 }), {
    reason: "DEADLINE_EXCEEDED",
  });
  const urgent = { ...STANDARD, rank: -1, expiresAt: clock.now() + 300 };
  batcher.dispatch([callOf("goes first")], listener(), urgent);
  assert.throws(() => batcher.dispatch([callOf("goes second")], listener(), { ...urgent, expiresAt: clock.now() }), {
    reason: "DEADLINE_EXCEEDED",
  });
  await settle(60);
  assert.deepEqual(backend.ran.slice(8, 9), ["goes first"]);
  assert.ok(!backend.ran.includes("hopeless") && !backend.ran.includes("goes second"));
});

/** A batcher on a clock of its own that has answered eight calls of 100 tokens, 200 ms each; those after them wait for `gate`, if given. */
async function measuredBatcher(gate?: Promise<void>) {
  const clock = manualClock();
  const { backend, batcher } = batcherOf(
    {
      limits: { maxBatchCalls: 1 },
      tokens: () => 100,
      async beforeRun() {
        clock.advance(200);
        if (backend.ran.length > 8) await gate;
      },
    },
    { clock },
  );
  const first = Array.from({ length: 8 }, (_, index) => callOf(`first ${index}`));
  batcher.dispatch(first, listener(), STANDARD);
  await settle(60);
  assert.equal(backend.ran.length, 8);
  return { clock, batcher };
}

test("what a call has to wait for is all that waits and goes before it, by its tokens or, where these are not counted yet, by its text", async () => {
  // 100 tokens either way, so 200 ms each.
  for (const [size, turns] of [
    [0, 5],
    [400, 0],
  ] as const) {
    const gate = deferred();
    const { clock, batcher } = await measuredBatcher(gate.promise);
    batcher.dispatch([callOf("running")], listener(), STANDARD);
    await settle();
    const five = (kind: string) => Array.from({ length: 5 }, (_, index) => callOf(`${kind} ${index}`.padEnd(size)));
    batcher.dispatch(five("before"), listener(), { ...STANDARD, rank: 1 });
    batcher.dispatch(five("after"), listener(), { ...STANDARD, rank: 3 });
    if (turns > 0) await settle(turns);
    const between = (remainingMs: number) => ({ ...STANDARD, rank: 2, expiresAt: clock.now() + remainingMs });
    assert.throws(() => batcher.dispatch([callOf("too late")], listener(), between(900)), { reason: "DEADLINE_EXCEEDED" });
    batcher.dispatch([callOf("in time")], listener(), between(1_100));
    gate.resolve();
    await settle(100);
  }
});

test("an hour without work does not look like slowness to what comes next", async () => {
  const { clock, batcher } = await measuredBatcher();
  clock.advance(3_600_000);
  const watcher = listener();
  batcher.dispatch([callOf("first after the pause")], watcher, STANDARD);
  while (watcher.settled.length === 0) await settle(1);
  await settle();
  batcher.dispatch([callOf("x".repeat(400))], watcher, STANDARD);
  const backlog = batcher.backlogMs();
  assert.ok(backlog > 150 && backlog < 250, String(backlog));
  await settle(20);
});

test("batches that fail, at once or after a minute, leave the measured speed as it was", async () => {
  const clock = manualClock();
  const { backend, batcher } = batcherOf(
    {
      limits: { maxBatchCalls: 1 },
      tokens: () => 100,
      beforeRun([text]) {
        const crashes = text!.startsWith("crashes") && backend.ran.filter((other) => other === text).length === 1;
        clock.advance(crashes ? 60_000 : text!.startsWith("refused") ? 0 : 200);
        if (crashes) throw new BatchCrash("it ended", undefined);
        if (text!.startsWith("refused")) throw new GatewayError("BACKEND_UNAVAILABLE", "not now");
      },
    },
    { clock },
  );
  const run = async (kind: string) => {
    batcher.dispatch(
      Array.from({ length: 8 }, (_, index) => callOf(`${kind} ${index}`)),
      listener(),
      STANDARD,
    );
    await settle(80);
  };
  await run("answered");
  const backlogOf = (name: string) => {
    const watcher = listener();
    const [flight] = batcher.dispatch([callOf(`${name} ${"z".repeat(400)}`)], watcher, STANDARD);
    const backlog = batcher.backlogMs();
    batcher.leave(flight!, watcher);
    return Math.round(backlog);
  };
  const before = backlogOf("first");
  assert.ok(before > 150 && before < 250, String(before));
  await run("crashes");
  assert.equal(backlogOf("other"), before);
  await run("refused");
  assert.equal(backlogOf("again"), before);
});

test("one batch that met a cold start gets no later request refused", async () => {
  const clock = manualClock();
  let ran = 0;
  const { batcher } = batcherOf(
    { limits: { maxBatchCalls: 1 }, tokens: () => 100, beforeRun: () => clock.advance(ran++ === 0 ? 60_000 : 1) },
    { clock },
  );
  batcher.dispatch([callOf("cold")], listener(), { ...STANDARD, expiresAt: Number.POSITIVE_INFINITY });
  await settle(20);
  assert.equal(ran, 1);
  const many = Array.from({ length: 100 }, (_, index) => callOf(`${index}`));
  batcher.dispatch(many, listener(), { ...STANDARD, expiresAt: Number.POSITIVE_INFINITY });
  batcher.dispatch([callOf("in time")], listener(), { ...STANDARD, expiresAt: clock.now() + 10_000 });
});

test("sheddable work that comes and comes leaves room for critical work", async () => {
  const gate = deferred();
  const { batcher } = batcherOf({ beforeRun: () => gate.promise }, { queue: { ...WIDE, maxCalls: 8 } });
  const urgencyOf = (priority: Urgency["priority"]): Urgency => ({ priority, rank: 0, expiresAt: Number.POSITIVE_INFINITY });
  const sheddable = (n: number) => batcher.dispatch([callOf(`sheddable ${n}`)], listener(), urgencyOf("sheddable"));
  for (let n = 0; n < 6; n++) sheddable(n);
  for (let n = 6; n < 20; n++) assert.throws(() => sheddable(n), { reason: "QUEUE_FULL" });
  const [critical] = batcher.dispatch([callOf("critical")], listener(), urgencyOf("critical"));
  gate.resolve();
  await settle(20);
  assert.ok(critical!.result);
});

test("more urgent work goes first, and age wins over priority in the end", async () => {
  const gate = holdFirst();
  const { backend, batcher } = batcherOf({ limits: { maxBatchCalls: 1 }, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  batcher.dispatch([callOf("standard, later")], listener(), { priority: "standard", rank: 1_500, expiresAt: Number.POSITIVE_INFINITY });
  batcher.dispatch([callOf("sheddable, old")], listener(), { priority: "sheddable", rank: 1_000, expiresAt: Number.POSITIVE_INFINITY });
  batcher.dispatch([callOf("critical")], listener(), { priority: "critical", rank: 10, expiresAt: Number.POSITIVE_INFINITY });
  await settle();
  gate.release();
  await settle(20);
  assert.deepEqual(backend.ran, ["running", "critical", "sheddable, old", "standard, later"]);
});

test("a waiting call becomes as urgent as the most urgent caller that joins it", async () => {
  const gate = holdFirst();
  const { backend, batcher } = batcherOf({ limits: { maxBatchCalls: 1 }, beforeRun: gate.beforeRun });
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  batcher.dispatch([callOf("first")], listener(), { ...STANDARD, rank: 100 });
  batcher.dispatch([callOf("shared")], listener(), { ...STANDARD, rank: 900 });
  await settle();
  batcher.dispatch([callOf("shared")], listener(), { ...STANDARD, rank: 1 });
  gate.release();
  await settle(20);
  assert.deepEqual(backend.ran, ["running", "shared", "first"]);
});

test("more urgent work goes first however much waits, also what has not been prepared yet", async () => {
  const gate = holdFirst();
  const { backend, batcher } = batcherOf({ limits: { maxBatchTokens: 10, maxBatchCalls: 1 }, tokens: () => 10, beforeRun: gate.beforeRun });
  const sheddable: Urgency = { priority: "sheddable", rank: 10_000, expiresAt: Number.POSITIVE_INFINITY };
  const critical: Urgency = { priority: "critical", rank: 10, expiresAt: Number.POSITIVE_INFINITY };
  batcher.dispatch([callOf("running")], listener(), STANDARD);
  await settle();
  const heard = listener();
  batcher.dispatch(
    Array.from({ length: 300 }, (_, index) => callOf(`sheddable ${index}`)),
    heard,
    sheddable,
  );
  await settle();
  batcher.dispatch([callOf("critical")], heard, critical);
  await settle();
  batcher.dispatch([callOf("sheddable 299")], heard, { ...critical, rank: 20 });
  await settle();
  batcher.dispatch([callOf("standard")], heard, { ...STANDARD, rank: 1_000 });
  await settle();
  gate.release();
  while (heard.settled.length < 302) await settle(1);
  assert.deepEqual(backend.ran.slice(0, 5), ["running", "critical", "sheddable 299", "standard", "sheddable 0"]);
  assert.equal(new Set(backend.ran).size, 303);
  assert.equal(backend.ran.length, 303);
});

test("calls go in the order of their urgency whichever of them became more urgent, over 200 random queues", async () => {
  const ranks = fc.array(fc.integer({ min: 10, max: 99 }), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(ranks, fc.array(fc.tuple(fc.nat(29), fc.integer({ min: 1, max: 99 })), { maxLength: 10 }), async (first, later) => {
      const gate = holdFirst();
      const { backend, batcher } = batcherOf({ limits: { maxBatchCalls: 1 }, tokens: () => 1, beforeRun: gate.beforeRun });
      batcher.dispatch([callOf("running")], listener(), STANDARD);
      await settle();
      const now = [...first];
      for (const [index, rank] of first.entries()) batcher.dispatch([callOf(`${index}`)], listener(), { ...STANDARD, rank });
      await settle();
      for (const [drawn, rank] of later) {
        const index = drawn % first.length;
        now[index] = Math.min(now[index]!, rank);
        batcher.dispatch([callOf(`${index}`)], listener(), { ...STANDARD, rank });
      }
      gate.release();
      while (backend.ran.length <= first.length) await settle(1);
      const inOrder = now.map((_, index) => index).sort((a, b) => now[a]! - now[b]! || a - b);
      assert.deepEqual(backend.ran.slice(1), inOrder.map(String));
    }),
    { numRuns: 200 },
  );
});

for (const [bad, size] of [
  [1, 64],
  [5, 256],
] as const) {
  test(`${bad} bad of ${size} calls fail alone, after at most ${bad} × 2·log2(${size}) + 1 further runs`, async () => {
    const { backend, batcher } = batcherOf({
      limits: { maxBatchCalls: size, maxBatchTokens: 1e6, maxPaddingRatio: 0.9 },
      beforeRun: (texts) => {
        if (texts.some((text) => text.startsWith("bad"))) throw new GatewayError("BACKEND_REFUSED", "the model refused the batch");
      },
    });
    const watcher = listener();
    const texts = Array.from({ length: size }, (_, index) => (index % Math.ceil(size / bad) === 0 ? `bad  ${index}` : `good ${index}`));
    batcher.dispatch(texts.map(callOf), watcher, STANDARD);
    while (watcher.settled.length < size) await settle(1);
    const failed = watcher.settled.filter((flight) => flight.error);
    assert.equal(failed.length, texts.filter((text) => text.startsWith("bad")).length);
    assert.ok(failed.every((flight) => segmentsOf(flight.call)[0]!.text.startsWith("bad")));
    assert.ok(backend.batches.length - 1 <= bad * 2 * Math.log2(size) + 1, `${backend.batches.length} runs`);
  });
}

test("a dead backend is not asked again for each half of a batch", async () => {
  const { backend, batcher } = batcherOf({
    beforeRun: () => {
      throw new GatewayError("BACKEND_UNAVAILABLE", "gone");
    },
  });
  const watcher = listener();
  batcher.dispatch([callOf("a"), callOf("b"), callOf("c")], watcher, STANDARD);
  await settle(20);
  assert.equal(backend.batches.length, 1);
  assert.deepEqual(
    watcher.settled.map((flight) => flight.error!.reason),
    ["BACKEND_UNAVAILABLE", "BACKEND_UNAVAILABLE", "BACKEND_UNAVAILABLE"],
  );
});

test("a backend that may wait for company waits no longer than its delay, and not at all for a full batch", async () => {
  const clock = manualClock();
  const { backend, batcher } = batcherOf({ limits: { maxDelayMs: 5, maxBatchCalls: 3 } }, { clock });
  batcher.dispatch([callOf("a")], listener(), STANDARD);
  await settle();
  assert.deepEqual(backend.batches, []);
  clock.advance(5);
  await settle();
  assert.deepEqual(backend.batches, [["a"]]);
  batcher.dispatch([callOf("b"), callOf("c"), callOf("d")], listener(), STANDARD);
  await settle();
  assert.deepEqual(backend.batches[1], ["b", "c", "d"]);
  assert.equal(clock.pending, 0);
});

test("a call that waits for company waits no longer for what comes meanwhile, and one after a full batch waits anew", async () => {
  const clock = manualClock(1_000);
  const { backend, batcher } = batcherOf({ limits: { maxDelayMs: 5, maxBatchCalls: 3, maxBatchTokens: 10 } }, { clock });
  const send = async (...texts: string[]) => {
    batcher.dispatch(texts.map(callOf), listener(), STANDARD);
    await settle();
  };
  await send("a", "b", "c");
  await send("d");
  clock.advance(3);
  await send("e");
  assert.deepEqual(backend.batches, [["a", "b", "c"]]);
  assert.equal(clock.pending, 1);
  clock.advance(2);
  await settle();
  assert.deepEqual(backend.batches.slice(1), [["d", "e"]]);
  await send("as long as a batch");
  assert.deepEqual(backend.batches.slice(2), [["as long as a batch"]]);
  assert.equal(clock.pending, 0);
});

test("abandon ends everything that waits or runs, and refuses what comes after", async () => {
  const gate = deferred();
  const { batcher } = batcherOf({ beforeRun: () => gate.promise, limits: { maxBatchCalls: 1 } });
  const watcher = listener();
  batcher.dispatch([callOf("running"), callOf("waiting")], watcher, STANDARD);
  await settle();
  batcher.abandon(new GatewayError("SHUTTING_DOWN", "stopping"));
  assert.deepEqual(
    watcher.settled.map((flight) => flight.error!.reason),
    ["SHUTTING_DOWN", "SHUTTING_DOWN"],
  );
  assert.throws(() => batcher.dispatch([callOf("new")], listener(), STANDARD), { reason: "SHUTTING_DOWN" });
  gate.resolve();
  await settle();
});
