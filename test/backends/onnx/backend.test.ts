import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createOnnxBackend, type OnnxBackend, type OnnxBackendOptions } from "../../../src/backends/index.ts";
import type { Call, CallResult, Overlong, PreparedCall } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { buildModel, type TestBundle, type TestModelOptions, writeTestBundle } from "../../support/onnx-model.ts";
import { settled } from "../../support/settled.ts";
import { idOf } from "../../support/tokenizer.ts";

const bundles: TestBundle[] = [];
const backends: OnnxBackend[] = [];
after(async () => {
  await Promise.all(backends.map((backend) => backend.close()));
  for (const bundle of bundles) bundle.remove();
});

function optionsOf(model: TestModelOptions, more: Partial<OnnxBackendOptions> = {}): OnnxBackendOptions {
  const bundle = writeTestBundle(model);
  bundles.push(bundle);
  const { remove: _, ...files } = bundle;
  return { name: "test", ...files, maxTokens: 24, batchable: true, device: "cpu", executors: 1, threadsPerExecutor: 1, ...more };
}

async function open(model: TestModelOptions, more?: Partial<OnnxBackendOptions>): Promise<OnnxBackend> {
  const backend = await createOnnxBackend(optionsOf(model, more));
  backends.push(backend);
  return backend;
}

function call(prompt: string, candidate: string, overlong: Overlong = "error"): Call {
  return {
    type: "forward",
    overlong,
    segments: [
      { text: "[CLS][USER]", origin: "control" },
      { text: prompt, origin: "prompt" },
      { text: "[SEP]", origin: "control" },
      { text: candidate, origin: "candidate" },
      { text: "[SEP]", origin: "control" },
    ],
  };
}

async function prepared(backend: OnnxBackend, ...calls: Call[]): Promise<PreparedCall[]> {
  return (await backend.prepare(calls)).map((one) => {
    if (one instanceof Error) throw one;
    return one;
  });
}

const score = async (backend: OnnxBackend, ...calls: Call[]): Promise<CallResult[]> => backend.run(await prepared(backend, ...calls));
const rewardOf = (result: CallResult | undefined): number => result!.outputs.reward![0]!;
const hasReason = (reason: string) => (error: unknown) => error instanceof GatewayError && error.reason === reason;

/** Waits until this process has as many children as `before`: ended ones are collected. */
const assertChildren = (before: number) =>
  settled(
    () => children() === before,
    () => `${before} child processes instead of ${children()}`,
  );
const children = () => process.getActiveResourcesInfo().filter((kind) => kind === "ProcessWrap").length;

let shared: OnnxBackend;
before(async () => {
  shared = await open({ nanOnWord: true, withoutLastWord: true });
});

test("run(batch) gives what the graph gives for the same ids, mask and types", async () => {
  const [result] = await score(shared, call("what is good", "yes"));
  const ids = ["[CLS]", "[USER]", "what", "is", "good", "[SEP]", "yes", "[SEP]"].map(idOf);
  const tensor = (values: number[]) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
  const session = await InferenceSession.create(buildModel({ nanOnWord: true, withoutLastWord: true }), { logSeverityLevel: 3 });
  const expected = await session.run({
    input_ids: tensor(ids),
    attention_mask: tensor(ids.map(() => 1)),
    token_type_ids: tensor([0, 0, 0, 0, 0, 0, 1, 1]),
  });
  for (const name of ["reward", "objectives", "gating"]) assert.deepEqual(result!.outputs[name], expected[name]!.data, name);
  assert.equal(result!.tokens, ids.length);
  assert.equal(result!.truncation, undefined);
});

test("run(batch) answers in order, and a text scores in any company as it scores alone", async () => {
  const words = ["good", "bad", "fine", "yes", "no", "word", "what", "q"];
  const texts = Array.from({ length: 24 }, (_, n) => words.slice(0, n % 9).join(" ") + words[(n * 5) % 8]);
  const calls = await prepared(shared, ...texts.map((text) => call("what is", text)));
  const alone: number[] = [];
  for (const one of calls) alone.push(rewardOf((await shared.run([one]))[0]));
  assert.ok(new Set(alone).size > 20);
  for (let round = 1; round <= 40; round++) {
    const picked = calls.map((_, n) => (n * 7 + round * 5) % calls.length).slice(0, 1 + ((round * 3) % 16));
    const results = await shared.run(picked.map((n) => calls[n]!));
    assert.equal(results.length, picked.length);
    for (const [row, n] of picked.entries()) assert.ok(Math.abs(rewardOf(results[row]) - alone[n]!) < 1e-6);
  }
});

test("run(batch) with a text that the model refuses rejects with BACKEND_REFUSED and leaves other batches alone", async () => {
  const [good, poison] = await prepared(shared, call("what", "good"), call("what", "poison"));
  const outcomes = await Promise.allSettled([shared.run([good!]), shared.run([good!, poison!]), shared.run([good!])]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  const { reason } = outcomes[1] as PromiseRejectedResult;
  assert.ok(hasReason("BACKEND_REFUSED")(reason));
  assert.ok((reason as GatewayError).cause instanceof Error, "the log gets the runtime's words");
});

test("run(batch) passes NaN on as it came, in its own row only", async () => {
  const [bad, good] = await score(shared, call("what", "nan"), call("what", "good"));
  assert.ok(bad!.outputs.objectives!.every(Number.isNaN));
  assert.ok(Number.isFinite(rewardOf(good)));
});

test("prepare(calls) takes max − 1 and max tokens, and refuses or truncates max + 1, each call by its own policy", async () => {
  // Five tokens besides the prompt's.
  const ofLength = (tokens: number, overlong: Overlong) => call("a ".repeat(tokens - 5), "good", overlong);
  const results = await shared.prepare([ofLength(23, "error"), ofLength(24, "error"), ofLength(25, "error"), ofLength(25, "truncate")]);
  assert.deepEqual(
    results.map((one) => (one instanceof GatewayError ? one.reason : [(one as PreparedCall).tokens, (one as PreparedCall).truncation])),
    [[23, undefined], [24, undefined], "ITEM_TOO_LONG", [24, { side: "prompt_start", droppedTokens: 1 }]],
  );
  const [result] = await shared.run([results[3] as PreparedCall]);
  assert.deepEqual(result!.truncation, { side: "prompt_start", droppedTokens: 1 });
});

test("prepare(calls) scores empty, blank, special-looking and unknown text without an error", async () => {
  const texts = ["", " ", "\n\t", "[SEP]", "[CLS]", "🙂", "a"];
  const results = await score(shared, ...texts.map((text) => call(text, text)));
  for (const [n, result] of results.entries()) assert.ok(Number.isFinite(rewardOf(result)), JSON.stringify(texts[n]));
});

test("the event loop turns while the model runs", async () => {
  const backend = await open({});
  const calls = await prepared(backend, call("a", "b"));
  // A model that runs until the loop has turned, however fast either is.
  const [pid] = backend.pids;
  process.kill(pid!, "SIGSTOP");
  let ended = false;
  const running = backend.run(calls).finally(() => {
    ended = true;
  });
  let turns = 0;
  await settled(() => ++turns > 10);
  assert.equal(ended, false);
  process.kill(pid!, "SIGCONT");
  assert.ok(Number.isFinite(rewardOf((await running)[0])));
});

test("close() waits for running batches, refuses later ones and can be called twice", async () => {
  const backend = await open({});
  const calls = await prepared(backend, call("a", "b"));
  const before = children();
  const [pid] = backend.pids;
  process.kill(pid!, "SIGSTOP");
  const running = [backend.run(calls), backend.run(calls)];
  const closed = [backend.close(), backend.close()];
  process.kill(pid!, "SIGCONT");
  await Promise.all(closed);
  await assertChildren(before - 1);
  for (const result of await Promise.allSettled(running)) assert.equal(result.status, "fulfilled");
  await assert.rejects(backend.run(calls), hasReason("BACKEND_UNAVAILABLE"));
  assert.equal(backend.ready, false);
});

test("close() ends a process that does not answer", async () => {
  const backend = await open({}, { closeTimeoutMs: 50 });
  const calls = await prepared(backend, call("a", "b"));
  const before = children();
  process.kill(backend.pids[0]!, "SIGSTOP");
  const running = backend.run(calls);
  const rejected = assert.rejects(running, hasReason("BACKEND_UNAVAILABLE"));
  await backend.close();
  await rejected;
  await assertChildren(before - 1);
});

test("createOnnxBackend(options) refuses what does not fit, says what to do, and leaves no process", async () => {
  const cases: [Partial<OnnxBackendOptions>, RegExp][] = [
    [{ graphSha256: "0".repeat(64) }, /model\.onnx has sha256 .* restore/],
    [{ tokenizerSha256: "0".repeat(64) }, /tokenizer\.json has sha256 .* restore/],
    [{ graphPath: "/nowhere/model.onnx" }, /cannot read the graph \/nowhere\/model\.onnx/],
    [{ tokenizerPath: "/nowhere/tokenizer.json" }, /cannot read the tokenizer/],
    [{ outputs: ["reward", "state"] }, /no output "state"; it has reward, objectives, gating/],
    [{ inputs: { ids: "ids", mask: "attention_mask", segments: "token_type_ids" } }, /no input "ids"; it has input_ids/],
    [{ inputs: { ids: "input_ids", mask: "attention_mask" } }, /needs an input "token_type_ids"/],
    [{ executors: 4096 }, /threads on \d+ available cores/],
    [{ device: "cuda:99" }, /device cuda:99, .*npm run setup:cuda/],
  ];
  for (const [more, message] of cases) {
    const before = children();
    await assert.rejects(createOnnxBackend(optionsOf({}, more)), (error) => {
      assert.ok(hasReason("CONFIG_INVALID")(error), String(error));
      assert.match((error as Error).message, message);
      return true;
    });
    await assertChildren(before);
  }
});

test("createOnnxBackend(options) refuses a graph that is no graph", async () => {
  const options = optionsOf({});
  await assert.rejects(
    createOnnxBackend({ ...options, graphPath: options.tokenizerPath, graphSha256: options.tokenizerSha256 }),
    hasReason("CONFIG_INVALID"),
  );
});

test("device auto takes what is there and scores", async () => {
  const backend = await open({}, { device: "auto" });
  assert.match(backend.device, /^(cpu|cuda:0)$/);
  assert.ok(Number.isFinite(rewardOf((await score(backend, call("a", "b")))[0])));
});

test("limits say how many batches run and wait, and let the longest text fit", async () => {
  const { limits } = await open({}, { maxBatchTokens: 8, maxBatchCalls: 4, maxDelayMs: 2, maxPaddingRatio: 0.25, batchable: false });
  assert.deepEqual(limits, {
    maxBatchCalls: 4,
    maxBatchTokens: 24,
    padded: true,
    parallelism: 1,
    concurrency: 2,
    maxPaddingRatio: 0.25,
    maxDelayMs: 2,
    batchable: false,
  });
});

test("digest changes with anything that decides a number, and with nothing else", async () => {
  const again = await open({ nanOnWord: true, withoutLastWord: true }, { name: "other", maxBatchCalls: 3 });
  assert.equal(again.digest, shared.digest);
  const shorter = await open({ nanOnWord: true, withoutLastWord: true }, { maxTokens: 23 });
  assert.notEqual(shorter.digest, shared.digest);
  assert.notEqual((await open({})).digest, shared.digest);
});
