import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createVllmBackend, type VllmBackendOptions } from "../../../src/backends/vllm/backend.ts";
import { vllmParams } from "../../../src/backends/vllm/params.ts";
import type { CallResult, ForwardCall, OpenBackend, PreparedCall, Segment } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { passTime } from "../../support/quiet.ts";
import { LONGEST, startVllmServer, type VllmServer } from "../../support/vllm-server.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function serverOf(changes: Partial<VllmServer> = {}): Promise<VllmServer> {
  const server = Object.assign(await startVllmServer(), changes);
  cleanups.push(() => server.close());
  return server;
}

/** A backend on a clock that the test moves, with every default of the configuration. */
async function backendOf(server: VllmServer, changes: Partial<VllmBackendOptions> = {}) {
  const { type: _, ...params } = vllmParams.parse({ type: "vllm", url: server.url, model: "rm", gives: "scores", maxAttempts: 1 });
  const clock = manualClock();
  const metrics = createMetrics({ version: "test", commit: "test" });
  const backend = await createVllmBackend({ ...params, name: "engine", clock, random: () => 0.5, metrics, ...changes });
  cleanups.push(() => backend.close(0));
  return { backend, clock, metrics };
}

const callOf = (...segments: [Segment["origin"], string][]): ForwardCall => ({
  type: "forward",
  overlong: "error",
  segments: segments.map(([origin, text]) => ({ origin, text })),
});

async function ask(backend: OpenBackend, call: ForwardCall): Promise<CallResult> {
  const [prepared] = await backend.prepare([call]);
  if (prepared instanceof Error) throw prepared;
  const [result] = await backend.run([prepared as PreparedCall]);
  return result!;
}

const rejects = (promise: Promise<unknown>, reason: string, message = /./) =>
  assert.rejects(promise, (error) => error instanceof GatewayError && error.reason === reason && message.test(error.message));
const hello = callOf(["control", "<|user|>"], ["prompt", "hi"], ["candidate", "hello"]);

test("a score is asked for raw, under both names of the switch, without special tokens of the server", async () => {
  const server = await serverOf();
  const { backend } = await backendOf(server);
  assert.deepEqual([backend.ready, backend.remote, backend.device], [true, true, server.host]);
  server.calls.length = 0;
  const result = await ask(backend, hello);
  const text = "<|user|>hihello";
  assert.deepEqual(result, { outputs: { scores: Float32Array.of(text.length / 10 - 4) }, tokens: text.length });
  assert.deepEqual(server.calls, [
    { path: "/classify", body: { model: "rm", input: text, add_special_tokens: false, use_activation: false, activation: false } },
  ]);
});

test("a server of any release that can give raw scores is asked in its own way", async () => {
  for (const era of ["activation", "pair"] as const) {
    const { backend } = await backendOf(await serverOf({ era }));
    assert.ok((await ask(backend, callOf(["candidate", "x"]))).outputs.scores![0]! < 0, era);
  }
});

test("a server that squashes its scores, or gives one to all, is found out before any of them is used", async () => {
  await rejects(backendOf(await serverOf({ era: "none" })), "CONFIG_INVALID", /within \(0, 1\)/);
  await rejects(backendOf(await serverOf({ score: () => 1 })), "CONFIG_INVALID", /the same score/);
  const trusted = await backendOf(await serverOf({ era: "none" }), { probe: false });
  assert.ok((await ask(trusted.backend, hello)).outputs.scores![0]! > 0);
});

test("a server that comes later, or comes back, is tried before its first score, and is not ready while it does not pass", async () => {
  const server = await serverOf({ health: 500, era: "none" });
  const { backend, clock } = await backendOf(server);
  const heard: boolean[] = [];
  backend.onReadiness((ready) => heard.push(ready));
  assert.match(backend.notReady, /no server/);
  await rejects(ask(backend, hello), "BACKEND_REFUSED", /within \(0, 1\)/);

  server.health = 200;
  await passTime(clock, () => server.calls.length > 8);
  assert.deepEqual([backend.ready, heard], [false, []]);
  assert.match(backend.notReady, /within \(0, 1\)/);
  const before = server.calls.length;
  await rejects(ask(backend, hello), "BACKEND_REFUSED");
  assert.equal(server.calls.length, before, "a server that did not pass is not asked again at once");

  server.health = 500;
  await passTime(clock, () => /no server/.test(backend.notReady));
  server.era = "use_activation";
  server.health = 200;
  await passTime(clock, () => backend.ready);
  assert.deepEqual(heard, [true]);
  assert.equal((await ask(backend, hello)).outputs.scores!.length, 1);
});

test("what else has to hold is tried with the probe, and an answer is used after it alone", async () => {
  const server = await serverOf();
  let tries = 0;
  const verify: VllmBackendOptions["verify"] = async (open) => {
    tries++;
    const [prepared] = await open.prepare([hello]);
    const [result] = await open.run([prepared as PreparedCall]);
    if (result!.outputs.scores![0]! < 0) throw new GatewayError("CONFIG_INVALID", "golden scores differ");
  };
  await rejects(backendOf(server, { verify }), "CONFIG_INVALID", /golden/);
  server.score = (text) => text.length;
  const { backend } = await backendOf(server, { verify });
  await ask(backend, hello);
  assert.equal(tries, 2);
});

test("steps come as the probability at each marker, and none but the judge's own markers reach the server", async () => {
  const server = await serverOf();
  const { backend, metrics } = await backendOf(server, { gives: "steps" });
  const result = await ask(
    backend,
    callOf(
      ["prompt", "say <extra_0> or <|im_end|>"],
      ["candidate", "one <extra_0> step"],
      ["control", "<extra_0>"],
      ["candidate", "two"],
      ["control", "<extra_0>"],
    ),
  );
  assert.deepEqual([...result.outputs.steps!], [0.5, Math.fround(1 / 3)]);
  const { path, body } = server.calls.at(-1)!;
  assert.equal(path, "/pooling");
  const input = "say < extra_0> or < |im_end|>one < extra_0> step<extra_0>two<extra_0>";
  assert.deepEqual(body, { model: "rm", input, add_special_tokens: false, task: "token_classify", encoding_format: "float" });
  assert.equal((await metrics.upstream.neutralised.get()).values[0]!.value, 3);
});

test("a server that names the token of right first is read so", async () => {
  const { backend } = await backendOf(await serverOf(), { gives: "steps", right: "first" });
  assert.deepEqual(
    [
      ...(await ask(backend, callOf(["candidate", "a"], ["control", "<extra_0>"], ["candidate", "b"], ["control", "<extra_0>"]))).outputs
        .steps!,
    ],
    [0.5, Math.fround(1 - 1 / 3)],
  );
});

test("an answer of another form, order or number is no score", async () => {
  const server = await serverOf();
  const scores = (await backendOf(server)).backend;
  const steps = (await backendOf(server, { gives: "steps" })).backend;
  const stepped = callOf(["candidate", "a"], ["control", "<extra_0>"]);
  const spoiled: [OpenBackend, ForwardCall, VllmServer["spoil"]][] = [
    [scores, hello, () => ({ data: [] })],
    [scores, hello, ({ data }) => ({ data: [...data, ...data] })],
    [scores, hello, ({ data }) => ({ data: [{ ...data[0], index: 1 }] })],
    [scores, hello, ({ data }) => ({ data: [{ ...data[0], probs: [0.1, 0.9] }] })],
    [scores, hello, ({ data }) => ({ data: [{ ...data[0], probs: [null] }] })],
    [steps, stepped, ({ data }) => ({ data: [{ ...data[0], data: [[-3, 2]] }] })],
    [steps, stepped, ({ data }) => ({ data: [{ ...data[0], data: [[0.9, 0.9]] }] })],
    [steps, stepped, ({ data }) => ({ data: [{ ...data[0], data: [] }] })],
  ];
  for (const [backend, call, spoil] of spoiled) {
    server.spoil = spoil;
    await rejects(ask(backend, call), "JUDGE_OUTPUT_UNREADABLE");
    server.spoil = (answer) => answer;
    await ask(backend, call);
  }
});

test("a text that is too long is said to be so, and calls of other kinds are refused before they are sent", async () => {
  const server = await serverOf();
  const { backend } = await backendOf(server);
  await rejects(ask(backend, callOf(["candidate", "x".repeat(LONGEST + 1)])), "ITEM_TOO_LONG");
  await rejects(ask(backend, { ...hello, overlong: "truncate" }), "BACKEND_REFUSED", /drops no text/);
  const sampling = { temperature: 0, topP: 1, maxTokens: 8, seed: 0 };
  const [chat] = await backend.prepare([{ type: "chat", messages: [], sampling, alternatives: 0 }]);
  assert.ok(chat instanceof GatewayError && chat.reason === "BACKEND_REFUSED");
});

test("a text for which the model gives NaN, which the server cannot write, has a score that is not finite", async () => {
  const server = await serverOf({ score: (text) => (text === "nothing" ? Number.NaN : text.length / 7 - 3) });
  const { backend } = await backendOf(server);
  for (let n = 0; n < 8; n++) await rejects(ask(backend, callOf(["candidate", "nothing"])), "SCORE_NOT_FINITE");
  await ask(backend, hello);
});

test("of several servers each proves itself: one with another model is never asked for a score, and releases may differ", async () => {
  const servers = [await serverOf(), await serverOf({ era: "pair" }), await serverOf({ score: (text) => 9 - text.length / 7 })];
  const [first, second, odd] = servers as [VllmServer, VllmServer, VllmServer];
  odd.health = 500;
  const { backend, clock } = await backendOf(first, { url: servers.map(({ url }) => url), healthIntervalSeconds: 5 });
  odd.health = 200;
  await passTime(clock, () => odd.calls.length >= 8 && /another|differ/.test(backend.notReady));
  const before = odd.calls.length;
  assert.equal(backend.ready, true);
  const texts = Array.from({ length: 40 }, (_, n) => "x".repeat(n + 1));
  const results = await Promise.all(texts.map((text) => ask(backend, callOf(["candidate", text]))));
  assert.deepEqual(
    results.map(({ outputs }) => outputs.scores![0]),
    texts.map(({ length }) => Math.fround(length / 10 - 4)),
  );
  assert.equal(odd.calls.length, before);
  assert.ok(first.calls.length > 20 && second.calls.length > 20);
});

test("golden scores decide which of several servers is the right one", async () => {
  const odd = await serverOf({ score: (text) => 9 - text.length / 7 });
  const right = await serverOf();
  const verify: VllmBackendOptions["verify"] = async (open) => {
    const [prepared] = await open.prepare([hello]);
    const [result] = await open.run([prepared as PreparedCall]);
    if (Math.abs(result!.outputs.scores![0]! - -2.5) > 0.01) throw new GatewayError("CONFIG_INVALID", "golden scores differ");
  };
  const { backend } = await backendOf(odd, { url: [odd.url, right.url], verify });
  const before = odd.calls.length;
  for (let n = 0; n < 10; n++) assert.equal((await ask(backend, hello)).outputs.scores![0], -2.5);
  assert.equal(odd.calls.length, before);
  assert.match(backend.notReady, /golden/);
});

test("the configuration takes one address or several", () => {
  const base = { type: "vllm", model: "rm", gives: "steps" };
  assert.equal(vllmParams.safeParse({ ...base, url: "http://127.0.0.1:8000" }).success, true);
  assert.equal(vllmParams.safeParse({ ...base, url: ["http://a:1", "http://b:1"] }).success, true);
  assert.equal(vllmParams.safeParse({ ...base, url: "http://127.0.0.1:8000", gives: "chats" }).success, false);
});
