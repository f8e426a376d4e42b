import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { serve } from "../../../src/app.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createLogger } from "../../../src/telemetry/log.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { type ChatScript, completion, startChatServer } from "../../support/chat-server.ts";
import { deferred } from "../../support/scripted.ts";
import { settled } from "../../support/settled.ts";

const config = (url: string, backend = "", wire = "backend: llm") => `apiVersion: rewardgate/v1
server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }
wires:
  chat: { ${wire} }
backends:
  llm: { type: openai, url: ${url}, model: served, healthIntervalSeconds: 0.1, apiKey: { env: CHAT_KEY }${backend} }
  local: { type: onnx, device: cpu }
judges:
  right: { rule: numeric }
panels:
  panel: { members: [{ judge: right }] }
`;

/** A gateway that hands chats on to a scripted server, which no judge asks. */
async function open(t: TestContext, script: ChatScript, backend = "") {
  process.env.CHAT_KEY = "key";
  const server = await startChatServer(script);
  const folder = temporaryFolder();
  const lines: string[] = [];
  const log = createLogger({ level: "debug", destination: { write: (line) => void lines.push(line) } });
  const file = folder.write("rewardgate.yaml", config(server.url, backend));
  const gateway = await serve(await loadConfig({ file, variables: {} }), { log });
  t.after(async () => {
    await gateway.stop();
    await server.close();
    folder.remove();
  });
  const send = (body: unknown, options: RequestInit = {}) => {
    const headers = { "content-type": "application/json", ...options.headers };
    const init = { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), ...options, headers };
    return fetch(`${gateway.addresses.http}/v1/chat/completions`, init);
  };
  const ask = async (body: unknown, options: RequestInit = {}) => {
    const response = await send(body, options);
    // biome-ignore lint/suspicious/noExplicitAny: the answer is whatever the server said
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: (await response.json()) as any };
  };
  /** Every text that came of an answer in events, and whether the answer was whole; `begun` hears of its beginning. */
  const stream = async (options: RequestInit = {}, begun = () => {}) => {
    const response = await send(chat("x", { stream: true }), options);
    begun();
    const decoder = new TextDecoder();
    let text = "";
    try {
      for await (const piece of response.body!) text += decoder.decode(piece, { stream: true });
      return { status: response.status, text, whole: true };
    } catch {
      return { status: response.status, text, whole: false };
    }
  };
  return { server, gateway, lines, send, ask, stream };
}

/** An event of an answer that comes piece by piece. */
const event = (content: string, extra: object = {}) =>
  `data: ${JSON.stringify({ object: "chat.completion.chunk", model: "m", choices: [{ index: 0, delta: { content } }], ...extra })}\n\n`;
const DONE = "data: [DONE]\n\n";
const EVENTS = { "content-type": "text/event-stream; charset=utf-8" };
/** What the gateway's own event at the end of a text says. */
const lastError = (text: string) => JSON.parse(text.trimEnd().split("data: ").at(-1)!).error;

const chat = (content: string, extra: object = {}) => ({ model: "genrm-demo", messages: [{ role: "user", content }], ...extra });

test("a chat reaches the server with another model's name and nothing else changed, and its answer comes back as it is", async (t) => {
  const answer = { ...completion("A"), unknown: { kept: [1, null] } };
  const { server, ask, lines } = await open(t, () => ({ json: answer }));
  const asked = chat("secret question", { temperature: 0.7, n: 2, logprobs: true, chat_template_kwargs: { thinking: false }, seed: 5 });
  assert.deepEqual(await ask(asked), { status: 200, retryAfter: null, body: answer });
  assert.deepEqual(server.chats[0]!.body, { ...asked, model: "served" });
  assert.equal(server.chats[0]!.headers.authorization, "Bearer key");
  assert.ok(lines.length > 0);
  assert.doesNotMatch(lines.join(""), /secret question/);
});

test("equal chats are each asked, since they are samples", async (t) => {
  let asked = 0;
  const { ask } = await open(t, () => String(asked++));
  const answers = await Promise.all(Array.from({ length: 6 }, () => ask(chat("the same"))));
  const texts = answers.map(({ body }) => body.choices[0].message.content as string);
  assert.deepEqual(texts.sort(), ["0", "1", "2", "3", "4", "5"]);
});

test("what the server refuses comes back with its status and words, and is not asked again", async (t) => {
  const refusal = { error: { message: "too long: 9000 tokens", type: "BadRequestError", param: null, code: 400 } };
  const { server, ask } = await open(t, ({ body }) => ({ status: Number(body.user), json: refusal }));
  for (const status of [400, 413, 422]) {
    assert.deepEqual(await ask(chat("x", { user: String(status) })), { status, retryAfter: null, body: refusal });
  }
  assert.equal(server.chats.length, 3);
});

test("a server that is busy or away is 503 with the time to wait, in the form that OpenAI's clients read", async (t) => {
  const { ask } = await open(
    t,
    () => ({ status: 429, headers: { "retry-after": "7" }, json: { error: { message: "secret" } } }),
    ", maxAttempts: 1",
  );
  const busy = await ask(chat("x"));
  assert.deepEqual([busy.status, busy.retryAfter], [503, "7"]);
  assert.deepEqual([busy.body.error.type, busy.body.error.code], ["server_error", "BACKEND_UNAVAILABLE"]);
  assert.doesNotMatch(JSON.stringify(busy.body), /secret/);
});

test("the queue of the backend bounds chats, and a chat whose caller left is withdrawn from the server", async (t) => {
  const gate = deferred();
  const { server, ask } = await open(
    t,
    async () => {
      await gate.promise;
      return "late";
    },
    ", concurrency: 1, queue: { maxCalls: 1 }",
  );
  const caller = new AbortController();
  const left = ask(chat("first"), { signal: caller.signal }).catch(() => "left");
  await settled(() => server.chats.length === 1);
  const answers = [1, 2].map(() => ask(chat("next")));
  const refused = await Promise.race(answers);
  assert.deepEqual([refused.status, refused.body.error.code], [503, "QUEUE_FULL"]);
  caller.abort();
  assert.equal(await left, "left");
  await settled(() => server.chats.length === 2 && server.chats[0]!.aborted);
  gate.resolve();
  assert.deepEqual((await Promise.all(answers)).map(({ status }) => status).sort(), [200, 503]);
});

test("chats count against what the server allows a minute, and are told when there is more", async (t) => {
  const { server, ask } = await open(t, () => "A", ", rate: { requestsPerMinute: 1 }");
  assert.equal((await ask(chat("x"))).status, 200);
  const held = await ask(chat("x"), { headers: { "x-request-timeout-ms": "5000" } });
  assert.deepEqual([held.status, held.body.error.code, Number(held.retryAfter) > 5], [503, "BACKEND_UNAVAILABLE", true]);
  assert.equal(server.chats.length, 1);
});

test("a chat ends with the time that its caller gave", async (t) => {
  const { ask } = await open(t, () => undefined);
  const late = await ask(chat("x"), { headers: { "x-request-timeout-ms": "200" } });
  assert.deepEqual([late.status, late.body.error.code], [504, "DEADLINE_EXCEEDED"]);
});

test("an answer in another model's name does not get out where the configuration says whose it must be", async (t) => {
  const { ask } = await open(t, () => "A", ", answersAs: other");
  const { status, body } = await ask(chat("x"));
  assert.deepEqual([status, body.error.code, body.choices], [500, "BACKEND_REFUSED", undefined]);
});

test("an answer in events comes event by event, as the server sends them", async (t) => {
  const gate = deferred();
  const { server, send, lines } = await open(t, async (_chat, response) => {
    response.writeHead(200, EVENTS);
    response.write(`: ping\n\n${event("secret ")}`);
    await gate.promise;
    response.end(event("answer", { usage: { total_tokens: 9 } }) + DONE);
    return undefined;
  });
  const asked = chat("x", { stream: true, stream_options: { include_usage: true } });
  const response = await send(asked);
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, EVENTS["content-type"]]);
  const pieces = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith(event("secret "))) text += decoder.decode((await pieces.read()).value, { stream: true });
  gate.resolve();
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) text += decoder.decode(piece.value, { stream: true });
  assert.equal(text, `: ping\n\n${event("secret ")}${event("answer", { usage: { total_tokens: 9 } })}${DONE}`);
  assert.deepEqual(server.chats[0]!.body, { ...asked, model: "served" });
  assert.doesNotMatch(lines.join(""), /secret/);
});

test("a server that answers a stream whole, or refuses it, is heard as it answers", async (t) => {
  const { ask } = await open(t, ({ body }) => (body.user === "whole" ? "A" : { status: 400, json: { error: { message: "no streams" } } }));
  const whole = await ask(chat("x", { stream: true, user: "whole" }));
  assert.deepEqual([whole.status, whole.body.choices[0].message.content], [200, "A"]);
  const refused = await ask(chat("x", { stream: true }));
  assert.deepEqual([refused.status, refused.body.error.message], [400, "no streams"]);
});

test("an answer that breaks off ends with an event that says so, is cut, and is not asked for again", async (t) => {
  const { server, stream, lines } = await open(t, (_chat, response) => {
    response.writeHead(200, EVENTS);
    response.write(event("half"), () => response.destroy());
    return undefined;
  });
  const { status, text, whole } = await stream();
  assert.deepEqual([status, text.startsWith(event("half")), whole, lastError(text).code], [200, true, false, "BACKEND_UNAVAILABLE"]);
  assert.equal(server.chats.length, 1);
  while (!lines.join("").includes("ChatCompletions")) await new Promise((resolve) => setImmediate(resolve));
  assert.match(lines.find((line) => line.includes("ChatCompletions"))!, /BACKEND_UNAVAILABLE/);
});

test("a stream that has not begun is asked for again, as any chat is", async (t) => {
  let asked = 0;
  const { stream } = await open(t, (_chat, response) => {
    if (asked++ === 0) return { status: 503, json: {} };
    response.writeHead(200, EVENTS).end(event("A") + DONE);
    return undefined;
  });
  assert.deepEqual(await stream(), { status: 200, text: event("A") + DONE, whole: true });
  assert.equal(asked, 2);
});

test("a caller who leaves in the middle of a stream withdraws the chat from the server", async (t) => {
  const { server, send } = await open(t, (_chat, response) => {
    response.writeHead(200, EVENTS);
    response.write(event("A"));
    return undefined;
  });
  const caller = new AbortController();
  const response = await send(chat("x", { stream: true }), { signal: caller.signal });
  await response.body!.getReader().read();
  caller.abort();
  while (!server.chats[0]!.aborted) await new Promise((resolve) => setImmediate(resolve));
});

test("a stream ends with the time that its caller gave, and with the longest answer that is read", async (t) => {
  const begun = deferred<void>();
  const { server, stream } = await open(
    t,
    async ({ headers }, response) => {
      response.writeHead(200, EVENTS);
      response.write(event("A"));
      if (headers["x-request-timeout-ms"] === undefined || Number(headers["x-request-timeout-ms"]) > 5000)
        // Not in one piece with the beginning, which is then refused before any of it is passed on.
        begun.promise.then(() => response.end(event("b".repeat(2000))));
      return undefined;
    },
    ", maxResponseBytes: 1024",
  );
  const late = await stream({ headers: { "x-request-timeout-ms": "3000" } });
  assert.deepEqual([late.status, late.whole, lastError(late.text).code], [200, false, "DEADLINE_EXCEEDED"]);
  while (!server.chats[0]!.aborted) await new Promise((resolve) => setImmediate(resolve));
  const long = await stream({}, () => begun.resolve());
  assert.deepEqual([long.status, long.whole, lastError(long.text).code], [200, false, "JUDGE_OUTPUT_UNREADABLE"]);
});

test("events in another model's name do not get out where the configuration says whose they must be, nor what is no event of a chat", async (t) => {
  const { ask } = await open(
    t,
    ({ body }, response) => {
      response.writeHead(200, EVENTS).end(body.user === "none" ? "data: what\n\n" : event("A") + DONE);
      return undefined;
    },
    ", answersAs: other",
  );
  const named = await ask(chat("x", { stream: true }));
  assert.deepEqual([named.status, named.body.error.code], [500, "BACKEND_REFUSED"]);
  const none = await ask(chat("x", { stream: true, user: "none" }));
  assert.equal(none.body.error.code, "JUDGE_OUTPUT_UNREADABLE");
});

test("events that nobody asked for are no answer", async (t) => {
  const { ask } = await open(t, (_chat, response) => {
    response.writeHead(200, EVENTS).end(event("A") + DONE);
    return undefined;
  });
  const { body } = await ask(chat("x"));
  assert.equal(body.error.code, "JUDGE_OUTPUT_UNREADABLE");
});

test("what is no chat is refused here", async (t) => {
  const { server, ask } = await open(t, () => "A");
  for (const body of [{}, { messages: [] }, chat("x", { stream: "yes" }), "[", "[]"]) {
    const { status, body: answer } = await ask(body);
    assert.deepEqual([status, answer.error.type, answer.error.code], [400, "invalid_request_error", "REQUEST_INVALID"]);
  }
  assert.equal(server.chats.length, 0);
});

test("the wire names a backend that there is and that answers chats", async () => {
  const folder = temporaryFolder();
  const load = async (wire: string) => {
    const gateway = await serve(
      await loadConfig({ file: folder.write("rewardgate.yaml", config("http://127.0.0.1:1/v1", "", wire)), variables: {} }),
      {
        log: createLogger({ level: "silent" }),
      },
    );
    await gateway.stop();
  };
  for (const [wire, says] of [
    ["backend: lmm", 'no backend "lmm"'],
    ["backend: local", 'backend "local" answers no chat'],
  ] as const) {
    await assert.rejects(load(wire), (error: GatewayError) => {
      assert.ok(error instanceof GatewayError);
      return error.reason === "CONFIG_INVALID" && JSON.stringify(error.details.problems).includes(JSON.stringify(says).slice(1, -1));
    });
  }
  folder.remove();
});
