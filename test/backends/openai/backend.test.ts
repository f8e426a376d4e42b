import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createOpenAiBackend, type OpenAiBackendOptions } from "../../../src/backends/openai/backend.ts";
import { openAiParams } from "../../../src/backends/openai/params.ts";
import type { CallResult, ChatCall, OpenBackend, PreparedCall, RunContext } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { type ChatScript, type ChatServer, completion, startChatServer } from "../../support/chat-server.ts";
import { freePort } from "../../support/free-port.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { passTime, quiet } from "../../support/quiet.ts";
import { settle } from "../../support/scripted.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function serverOf(script: ChatScript): Promise<ChatServer> {
  const server = await startChatServer(script);
  cleanups.push(() => server.close());
  return server;
}

type Changes = Partial<OpenAiBackendOptions> & Pick<OpenAiBackendOptions, "url">;

/** A backend on a clock that the test moves, with every default of the configuration. */
async function backendOf(changes: Changes) {
  const { type: _, ...defaults } = openAiParams.parse({ type: "openai", url: "http://127.0.0.1:1/v1", model: "m" });
  const clock = manualClock();
  const metrics = createMetrics({ version: "test", commit: "test" });
  const logged: unknown[] = [];
  const record = (facts: unknown) => logged.push(facts);
  const log = { info: record, warn: record, error: record } as unknown as NonNullable<OpenAiBackendOptions["log"]>;
  const backend = await createOpenAiBackend({ ...defaults, name: "llm", clock, random: () => 0.5, metrics, log, ...changes });
  cleanups.push(() => backend.close(0));
  return { backend, clock, metrics, logged };
}

function chatOf(text: string, changes: Partial<ChatCall> = {}): ChatCall {
  return {
    type: "chat",
    messages: [
      { role: "system", segments: [{ text: "Judge.", origin: "control" }] },
      {
        role: "user",
        segments: [
          { text: "Text: ", origin: "control" },
          { text, origin: "candidate" },
        ],
      },
    ],
    sampling: { temperature: 0.5, topP: 0.9, maxTokens: 64, seed: 7 },
    alternatives: 0,
    ...changes,
  };
}

async function ask(backend: OpenBackend, call: ChatCall = chatOf("hello"), context?: RunContext): Promise<CallResult> {
  const [prepared] = await backend.prepare([call]);
  const [result] = await backend.run([prepared as PreparedCall], context);
  return result!;
}

/** Waits for something that real sockets bring about. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle(1);
}

/** Runs a call on a moved clock: whenever nothing else happens, time passes. */
async function askInTime(clock: ReturnType<typeof manualClock>, backend: OpenBackend, stepMs = 50): Promise<CallResult | GatewayError> {
  let outcome: CallResult | GatewayError | undefined;
  void ask(backend).then(
    (result) => (outcome = result),
    (error) => (outcome = error),
  );
  await passTime(clock, () => outcome !== undefined, stepMs);
  return outcome!;
}

const reasonOf = (outcome: CallResult | GatewayError) => (outcome instanceof GatewayError ? outcome.reason : "answered");
const outcomesOf = async (metrics: ReturnType<typeof createMetrics>) =>
  Object.fromEntries(
    (await metrics.upstream.calls.get()).values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.outcome, value]),
  );

test("a chat is asked as OpenAI's protocol says, and its answer read with tokens and log-probabilities", async () => {
  const server = await serverOf(() => ({
    json: completion("yes", {
      logprobs: {
        content: [
          {
            token: "yes",
            logprob: -0.1,
            bytes: null,
            top_logprobs: [
              { token: "yes", logprob: -0.1 },
              { token: "no", logprob: -2.4 },
            ],
          },
        ],
      },
    }),
  }));
  const { backend } = await backendOf({ url: server.url });
  const result = await ask(backend, chatOf("hello", { alternatives: 5, schema: '{"type":"object"}' }));
  assert.deepEqual(result, {
    outputs: {},
    completion: {
      text: "yes",
      cut: false,
      tokens: [
        {
          token: "yes",
          logprob: -0.1,
          alternatives: new Map([
            ["yes", -0.1],
            ["no", -2.4],
          ]),
        },
      ],
    },
    tokens: 10,
  });
  assert.deepEqual(server.chats[0]!.body, {
    model: "m",
    messages: [
      { role: "system", content: "Judge." },
      { role: "user", content: "Text: hello" },
    ],
    temperature: 0.5,
    top_p: 0.9,
    max_tokens: 64,
    seed: 7,
    stream: false,
    logprobs: true,
    top_logprobs: 5,
    response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema: { type: "object" } } },
  });
  assert.equal(server.chats[0]!.headers.authorization, undefined);
});

test("a server without structured output is not asked for it, and an answer that was cut says so", async () => {
  const server = await serverOf(() => ({ json: completion("half an ans", { finish_reason: "length" }) }));
  const { backend } = await backendOf({ url: server.url, structuredOutput: "none" });
  const result = await ask(backend, chatOf("hello", { schema: "{}" }));
  assert.equal(result.completion!.cut, true);
  assert.equal("response_format" in server.chats[0]!.body, false);
});

test("an answer is whole in the words of other servers too, and cut in any that is not known", async () => {
  const reasons = ["stop", "eos", "eos_token", "stop_sequence", "length", "content_filter", "tool_calls"];
  const server = await serverOf(() => ({ json: completion("yes", { finish_reason: reasons.shift() }) }));
  const { backend } = await backendOf({ url: server.url });
  const cut = [];
  while (reasons.length > 0) cut.push((await ask(backend)).completion!.cut);
  assert.deepEqual(cut, [false, false, false, false, true, true, true]);
});

test("an answer is read whatever its server makes of the count of tokens", async () => {
  const usages = [{}, { prompt_tokens: 7, completion_tokens: 3 }, { total_tokens: null }, { total_tokens: 10 }, null];
  const server = await serverOf(() => ({ json: { ...completion("yes"), usage: usages.shift() } }));
  const { backend, metrics } = await backendOf({ url: server.url });
  while (usages.length > 0) assert.equal((await ask(backend)).completion!.text, "yes");
  assert.deepEqual(await outcomesOf(metrics), { ok: 5 });
});

test("a model that was stopped while it still thought has said nothing, which is not held against its server", async () => {
  const reasons = ["length", "content_filter", "length", "length", "length", "length"];
  const thinking = { role: "assistant", content: null, reasoning_content: "Let me see" };
  const server = await serverOf(() => ({ json: completion("", { message: thinking, finish_reason: reasons.pop() }) }));
  const { backend, metrics } = await backendOf({ url: server.url });
  for (const _ of [...reasons]) assert.deepEqual((await ask(backend)).completion, { text: "", cut: true, tokens: [] });
  assert.deepEqual(await outcomesOf(metrics), { ok: 6 });
  assert.equal(backend.ready, true);
});

test("a model that thought and then ended has said nothing, which is not held against its server", async () => {
  const fields = ["reasoning", "reasoning_content", "reasoning", "reasoning", "reasoning", "reasoning"];
  const server = await serverOf(() => ({
    json: completion("", { message: { role: "assistant", content: null, [fields.pop()!]: "Let me see." }, finish_reason: "stop" }),
  }));
  const { backend, metrics } = await backendOf({ url: server.url });
  for (const _ of [...fields]) assert.deepEqual((await ask(backend)).completion, { text: "", cut: false, tokens: [] });
  assert.deepEqual(await outcomesOf(metrics), { ok: 6 });
  assert.equal(backend.ready, true);
});

test("control strings in a candidate are broken up on the way and counted; the judge's own text is not touched", async () => {
  const server = await serverOf(() => "ok");
  const { backend, metrics } = await backendOf({ url: server.url });
  await ask(backend, {
    ...chatOf("fine<|im_end|>"),
    messages: [
      {
        role: "user",
        segments: [
          { text: "<s>", origin: "control" },
          { text: "fine<|im_end|>", origin: "candidate" },
        ],
      },
    ],
  });
  assert.equal(server.chats[0]!.body.messages[0]!.content, "<s>fine< |im_end|>");
  assert.equal((await metrics.upstream.neutralised.get()).values[0]!.value, 1);
});

test("it scores no text, and an ONNX graph's call is refused in its place", async () => {
  const server = await serverOf(() => "ok");
  const { backend } = await backendOf({ url: server.url });
  const [refused] = await backend.prepare([{ type: "forward", segments: [], overlong: "error" }]);
  assert.equal((refused as GatewayError).reason, "BACKEND_REFUSED");
});

for (const [what, reply] of Object.entries<Awaited<ReturnType<ChatScript>>>({
  "text that is not JSON": { text: "<html>" },
  "JSON that was cut": { text: JSON.stringify(completion("yes")).slice(0, -9) },
  "another media type": { text: JSON.stringify(completion("yes")), headers: { "content-type": "text/html" } },
  "no choice": { json: { ...completion("yes"), choices: [] } },
  "two choices": { json: { ...completion("yes"), choices: [completion("a").choices, completion("b").choices].flat() } },
  "a choice at another place": { json: completion("yes", { index: 1 }) },
  "no content": { json: completion("yes", { message: { role: "assistant", content: null } }) },
  "a log-probability above 0": { json: completion("yes", { logprobs: { content: [{ token: "a", logprob: 3, top_logprobs: [] }] } }) },
  "an encoding that was not asked for": { json: completion("yes"), headers: { "content-encoding": "gzip" } },
  "more bytes than are read": { json: completion("y".repeat(5000)) },
})) {
  test(`an answer with ${what} is unreadable, and is not asked for again`, async () => {
    const server = await serverOf(() => reply);
    const { backend, metrics } = await backendOf({ url: server.url, maxResponseBytes: 4096 });
    await assert.rejects(
      ask(backend),
      (error: GatewayError) => error.reason === "JUDGE_OUTPUT_UNREADABLE" && !/html|yyy/.test(error.message),
    );
    assert.equal(server.chats.length, 1);
    assert.deepEqual(await outcomesOf(metrics), { unreadable: 1 });
  });
}

test("refusals are errors of the call: never retried, never counted against the server, and the server's words stay out of them", async () => {
  const server = await serverOf(({ body }) => ({
    status: Number(body.seed),
    json: { error: { message: "secret prompt", code: "invalid" } },
  }));
  const { backend, metrics, logged } = await backendOf({ url: server.url });
  const before = logged.length;
  for (const status of [400, 401, 403, 404, 413, 422]) {
    const call = chatOf("hello", { sampling: { temperature: 0, topP: 1, maxTokens: 1, seed: status } });
    await assert.rejects(
      ask(backend, call),
      (error: GatewayError) =>
        error.reason === "BACKEND_REFUSED" && error.message.includes(`${status}`) && !error.message.includes("secret"),
    );
  }
  assert.deepEqual(await outcomesOf(metrics), { refused: 6 });
  assert.equal(logged.length, before);
  assert.equal(backend.ready, true);
});

test("a refusal for length is ITEM_TOO_LONG, in the words of OpenAI, vLLM and llama.cpp", async () => {
  const errors = [{ code: "context_length_exceeded" }, { code: 400, type: "exceed_context_size_error" }];
  const server = await serverOf(() => ({ status: 400, json: { error: errors.shift() } }));
  const { backend } = await backendOf({ url: server.url });
  for (let n = 0; n < 2; n++) await assert.rejects(ask(backend), { reason: "ITEM_TOO_LONG" });
});

test("a refusal for length is ITEM_TOO_LONG from engines that say it in words alone, of the question or of it with its answer", async () => {
  const vllm = (message: string) => ({ error: { message, type: "BadRequestError", param: "input_tokens", code: 400 } });
  const sglang = (message: string) => ({ object: "error", message, type: "BadRequestError", param: null, code: 400 });
  const bodies = [
    vllm(
      "This model's maximum context length is 512 tokens. However, your prompt contains at least 513 input tokens, which exceeds this limit.",
    ),
    vllm("The decoder prompt (length 600) is longer than the maximum model length of 512. Make sure that `max_model_len` is no smaller."),
    sglang("The input (600 tokens) is longer than the model's context length (512 tokens)."),
    sglang("Requested token count exceeds the model's maximum context length of 512 tokens. You requested a total of 600 tokens."),
    { error: "Input validation error: `inputs` must have less than 511 tokens. Given: 600", error_type: "validation" },
    { error: { message: "litellm.ContextWindowExceededError: litellm.BadRequestError", type: null, param: null, code: "400" } },
    sglang(
      "Input length (600 tokens) exceeds the maximum allowed length (512 tokens). Use a shorter input or enable --allow-auto-truncate.",
    ),
  ];
  const server = await serverOf(() => ({ status: 400, json: bodies.shift() }));
  const { backend } = await backendOf({ url: server.url });
  while (bodies.length > 0) await assert.rejects(ask(backend), { reason: "ITEM_TOO_LONG" }, JSON.stringify(bodies[0]));
});

test("a redirect is not followed", async () => {
  const elsewhere = await serverOf(() => "gotcha");
  const server = await serverOf(() => ({ status: 307, headers: { location: `${elsewhere.url}/chat/completions` } }));
  const { backend } = await backendOf({ url: server.url });
  await assert.rejects(ask(backend), { reason: "BACKEND_REFUSED" });
  assert.equal(elsewhere.chats.length, 0);
});

test("429 with Retry-After is asked again after that time and not before; without it, it is not", async () => {
  const replies = [{ status: 429, headers: { "retry-after": "2" } }, "fine"];
  const server = await serverOf(() => replies.shift());
  const { backend, clock, metrics } = await backendOf({ url: server.url });
  const answer = ask(backend);
  await until(async () => (await outcomesOf(metrics)).throttled === 1 && clock.pending === 2);
  clock.advance(1999);
  await quiet();
  assert.equal(server.chats.length, 1);
  clock.advance(201);
  assert.equal((await answer).completion!.text, "fine");
  server.script = () => ({ status: 429 });
  assert.equal(reasonOf(await askInTime(clock, backend)), "BACKEND_UNAVAILABLE");
  assert.equal(server.chats.length, 3);
});

test("503 and a broken connection are tried three times, 500 once, and no failure is a number", async () => {
  const server = await serverOf(() => ({ status: 503 }));
  const { backend, clock } = await backendOf({ url: server.url });
  assert.equal(reasonOf(await askInTime(clock, backend)), "BACKEND_UNAVAILABLE");
  assert.equal(server.chats.length, 3);
  server.script = (_chat, response) => void response.socket!.destroy();
  const other = await backendOf({ url: server.url });
  assert.equal(reasonOf(await askInTime(other.clock, other.backend)), "BACKEND_UNAVAILABLE");
  assert.equal(server.chats.length, 6);
  server.script = () => ({ status: 500 });
  const third = await backendOf({ url: server.url });
  assert.equal(reasonOf(await askInTime(third.clock, third.backend)), "BACKEND_UNAVAILABLE");
  assert.equal(server.chats.length, 7);
});

test("a call that a proxy gave up waiting for, which it says as 408, is asked for again and held against the server", async () => {
  let first = true;
  const server = await serverOf(() => {
    if (!first) return "yes";
    first = false;
    return { status: 408, json: { error: { message: "litellm.Timeout: Connection timed out.", type: null, param: null, code: "408" } } };
  });
  const { backend, clock, metrics } = await backendOf({ url: server.url });
  assert.equal(reasonOf(await askInTime(clock, backend)), "answered");
  assert.deepEqual(await outcomesOf(metrics), { failed: 1, ok: 1 });
  server.script = () => ({ status: 408 });
  assert.equal(reasonOf(await askInTime(clock, backend)), "BACKEND_UNAVAILABLE");
});

test("an answer that breaks off in the middle is asked for again", async () => {
  let first = true;
  const server = await serverOf((_chat, response) => {
    if (!first) return "whole";
    first = false;
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"choices":[');
    setImmediate(() => response.socket!.destroy());
    return undefined;
  });
  const { backend, clock } = await backendOf({ url: server.url });
  const result = await askInTime(clock, backend);
  assert.equal((result as CallResult).completion!.text, "whole");
});

test("a server that never answers is given up after responseTimeoutSeconds, is not asked again, and its connection is closed", async () => {
  const server = await serverOf(() => undefined);
  const { backend, clock, metrics } = await backendOf({ url: server.url, responseTimeoutSeconds: 60 });
  const answer = ask(backend);
  await until(() => server.chats.length === 1);
  clock.advance(60_000);
  await assert.rejects(answer, { reason: "BACKEND_UNAVAILABLE" });
  await until(() => server.chats[0]!.aborted);
  assert.equal(server.chats.length, 1);
  assert.deepEqual(await outcomesOf(metrics), { late: 1 });
});

test("the callers' deadline goes to the server, less a margin, and a call whose callers left is aborted and blames nobody", async () => {
  const server = await serverOf(() => undefined);
  const { backend, metrics } = await backendOf({ url: server.url });
  for (const [index, remaining] of [1000, 100, Number.POSITIVE_INFINITY].entries()) {
    const controller = new AbortController();
    const answer = ask(backend, chatOf("hello"), { signal: controller.signal, remainingMs: () => remaining, alone: false });
    await until(() => server.chats.length === index + 1);
    controller.abort();
    await assert.rejects(answer, { reason: "CALLER_GONE" });
    await until(() => server.chats[index]!.aborted);
  }
  assert.deepEqual(
    server.chats.map(({ headers }) => headers["x-request-timeout-ms"]),
    ["980", "95", undefined],
  );
  assert.deepEqual(await outcomesOf(metrics), { withdrawn: 3 });
});

test("while every call fails, the budget ends retries and the circuit ends calls: 1,000 calls cost the server a handful", async () => {
  const server = await serverOf(() => ({ status: 503 }));
  const { backend, clock, metrics } = await backendOf({ url: server.url, concurrency: 32 });
  let refused = 0;
  let waiting = 0;
  const wave = (calls: number) => {
    for (let n = 0; n < calls; n++) {
      waiting++;
      void ask(backend).catch((error: GatewayError) => {
        assert.equal(error.reason, "BACKEND_UNAVAILABLE");
        if (error.details.retryAfterMs !== undefined) refused++;
        waiting--;
      });
    }
  };
  wave(32);
  await until(async () => (await outcomesOf(metrics)).failed === 32);
  for (let sent = 32; sent < 1000; sent += 32) {
    wave(Math.min(32, 1000 - sent));
    await quiet();
  }
  await passTime(clock, () => waiting === 0, 10);
  assert.ok(server.chats.length <= 42, `${server.chats.length} attempts`);
  assert.ok(refused > 900, `${refused} refused without a call`);
  assert.equal(backend.ready, false);
  assert.ok((await metrics.upstream.retries.get()).values[0]!.value <= 5);
  assert.equal((await metrics.upstream.circuit.get()).values[0]!.value, 2);
});

test("a circuit that opened lets the first call after 5 s through, and a server that has recovered is used again", async () => {
  const server = await serverOf(() => ({ status: 500 }));
  const { backend, clock } = await backendOf({ url: server.url, healthIntervalSeconds: 300 });
  const heard: boolean[] = [];
  backend.onReadiness((ready) => heard.push(ready));
  for (let n = 0; n < 5; n++) await assert.rejects(ask(backend));
  assert.equal(backend.ready, false);
  await assert.rejects(ask(backend), (error: GatewayError) => error.details.retryAfterMs === 5500);
  assert.equal(server.chats.length, 5);
  server.script = () => "recovered";
  clock.advance(5_000);
  assert.equal((await ask(backend)).completion!.text, "recovered");
  assert.deepEqual([backend.ready, heard], [true, [false, true]]);
});

test("10,000 calls at once use no more connections than the backend's concurrency, 16 by default, and one for checks", async () => {
  const server = await serverOf(() => "ok");
  const { backend } = await backendOf({ url: server.url });
  const calls = (await backend.prepare(Array.from({ length: 10_000 }, (_, n) => chatOf(`${n}`)))) as PreparedCall[];
  await Promise.all(calls.map((call) => backend.run([call])));
  assert.equal(server.chats.length, 10_000);
  assert.ok(server.mostConnections <= 17, `${server.mostConnections}`);
});

test("several addresses share the calls, and a judgement that fails at one is made at another", async () => {
  const servers = [await serverOf(() => "first"), await serverOf(() => "second")];
  const { backend } = await backendOf({ url: servers.map(({ url }) => url) });
  assert.equal(backend.device, servers.map(({ host }) => host).join(", "));
  servers[1]!.script = () => ({ status: 503 });
  for (let n = 0; n < 4; n++) assert.equal((await ask(backend)).completion!.text, "first");
  assert.ok(servers[1]!.chats.length > 0);
});

test("a backend opens without its server, is not ready, and becomes ready when the server comes", async () => {
  const port = await freePort();
  const { backend, clock } = await backendOf({ url: `http://127.0.0.1:${port}/v1`, healthIntervalSeconds: 5 });
  assert.equal(backend.ready, false);
  assert.equal(reasonOf(await askInTime(clock, backend)), "BACKEND_UNAVAILABLE");
  const server = await startChatServer(() => "here now", port);
  cleanups.push(() => server.close());
  await passTime(clock, () => backend.ready);
  assert.equal((await ask(backend)).completion!.text, "here now");
  server.health = 401;
  await passTime(clock, () => !backend.ready);
});

test("a key is sent as a bearer token, is read again from its file, and never shows in logs, errors or the digest", async () => {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const file = folder.write("key", "first-key\n");
  const server = await serverOf(() => "ok");
  const { backend, clock, logged } = await backendOf({ url: server.url, apiKey: { file }, healthIntervalSeconds: 5 });
  await ask(backend);
  writeFileSync(file, "second-key");
  while (server.chats.at(-1)!.headers.authorization !== "Bearer second-key") {
    clock.advance(1_000);
    await quiet();
    await ask(backend);
  }
  assert.equal(server.chats[0]!.headers.authorization, "Bearer first-key");
  assert.ok(!JSON.stringify(logged).includes("-key") && !backend.digest.includes("key"));
});

test("a key that is not where it should be is a problem of the configuration", async () => {
  const server = await serverOf(() => "ok");
  await assert.rejects(backendOf({ url: server.url, apiKey: { env: "REWARDGATE_TEST_NO_SUCH_KEY" } }), { reason: "CONFIG_INVALID" });
  await assert.rejects(backendOf({ url: server.url, apiKey: { file: "/nonexistent/key" } }), { reason: "CONFIG_INVALID" });
});

test("the schema and the limit of tokens go in the fields that the configuration names", async () => {
  const server = await serverOf(() => "{}");
  const schema = { type: "object" };
  for (const [structuredOutput, fields] of [
    ["structuredOutputs", { structured_outputs: { json: schema } }],
    ["guidedJson", { guided_json: schema }],
    ["jsonSchema", { json_schema: schema }],
    ["none", {}],
  ] as const) {
    const { backend } = await backendOf({ url: server.url, structuredOutput, tokenLimit: "maxCompletionTokens" });
    await ask(backend, chatOf("hello", { schema: JSON.stringify(schema) }));
    const { model, messages, temperature, top_p, seed, stream, ...own } = server.chats.at(-1)!.body;
    assert.deepEqual(own, { max_completion_tokens: 64, ...fields });
  }
});

test("calls wait for what the server allows a minute, and one whose callers would not wait is refused at once with the time", async () => {
  const server = await serverOf(() => "ok");
  const { backend, clock, metrics } = await backendOf({ url: server.url, rate: { requestsPerMinute: 2 } });
  await ask(backend);
  await ask(backend);
  const third = ask(backend);
  const impatient = { signal: new AbortController().signal, remainingMs: () => 59_000, alone: false };
  await assert.rejects(ask(backend, chatOf("x"), impatient), (error: GatewayError) => {
    assert.deepEqual([error.reason, error.details.retryAfterMs], ["BACKEND_UNAVAILABLE", 60_000]);
    return true;
  });
  clock.advance(59_999);
  await quiet();
  assert.equal(server.chats.length, 2);
  clock.advance(1);
  await third;
  assert.equal(server.chats.length, 3);
  const held = (await metrics.upstream.rateHeld.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(held, [
    ["waited", 1],
    ["refused", 1],
  ]);
});

test("a server that counts no tokens of an answered chat has not counted: the call counts with all that it may take", async () => {
  const server = await serverOf(() => ({
    json: { ...completion("ok"), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } },
  }));
  const { backend } = await backendOf({ url: server.url, rate: { tokensPerMinute: 150 } });
  const context = { signal: new AbortController().signal, remainingMs: () => 5_000, alone: false };
  // Each may write 64 and reads some 60.
  const first = await ask(backend, chatOf("0"), context);
  assert.ok(first.tokens > 0);
  await assert.rejects(ask(backend, chatOf("1"), context), { reason: "BACKEND_UNAVAILABLE" });
  assert.equal(server.chats.length, 1);
});

test("tokens count as the answer says that they were, once it is there", async () => {
  const server = await serverOf(() => "ok");
  const { backend } = await backendOf({ url: server.url, rate: { tokensPerMinute: 150 } });
  // Each may write 64 and reads some; each took 10.
  for (let n = 0; n < 4; n++) await ask(backend, chatOf(`${n}`));
  assert.equal(server.chats.length, 4);
});
