import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { ScoreRequest, ScoreResult } from "../../../src/domain/score.ts";
import { NO_STATES } from "../../../src/state/service.ts";
import { ErrorJson, JudgesJson, PanelsJson, ScoreResponseJson, VersionJson } from "../../../src/transport/http/response-schema.ts";
import { startHttpServer } from "../../../src/transport/http/server.ts";
import { openRuns } from "../../support/run-stream.ts";
import { heldService, LIMITS, recordingTelemetry, resultOf, scriptedService } from "../../support/scripted-service.ts";
import { openHttp } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { bodyJson, itemJson } from "../../support/wire-requests.ts";

async function open(t: TestContext, choices: Parameters<typeof openHttp>[0] = {}) {
  const opened = await openHttp(choices);
  t.after(() => opened.close());
  return { ...opened, score: (body: unknown, headers?: Record<string, string>) => opened.post("/v1/score", JSON.stringify(body), headers) };
}

async function refusal(response: Response, status = 400) {
  assert.equal(response.status, status);
  assert.match(String(response.headers.get("content-type")), /^application\/json/);
  return ErrorJson.parse(await response.json()).error;
}

test("POST /v1/score answers every candidate in order, and a failed one has no reward key", async (t) => {
  const { score, lines } = await open(t);
  const response = await score(bodyJson("four", "this will fail", ""));
  assert.equal(response.status, 200);
  const answer = ScoreResponseJson.parse(await response.json());
  const candidates = answer.results[0]?.candidates ?? [];
  assert.deepEqual(
    candidates.map(({ status, reward }) => [status, reward]),
    [
      ["complete", 4],
      ["failed", undefined],
      ["complete", 0],
    ],
  );
  assert.equal(Object.hasOwn(candidates[1] as object, "reward"), false);
  for (const key of ["raw", "calibrated", "transformed", "contribution"])
    assert.equal(Object.hasOwn(candidates[1]?.judges[0] as object, key), false);
  assert.equal(candidates[1]?.error?.reason, "SCORE_NOT_FINITE");
  await settled(() => lines.length === 1);
  assert.deepEqual([lines[0]?.method, lines[0]?.code, lines[0]?.items], ["Score", "OK", 1]);
});

test("every failure of every route is counted from the start, wires included, so that the first are in a rate", async (t) => {
  const wires = { openrlhf: { panel: "chat", path: "/get_reward", onFailure: "error" } } as const;
  const { metrics } = await open(t, { wires });
  const text = await metrics.registry.metrics();
  for (const method of ["Score", "ScoreStream", "OpenrlhfGetReward"]) {
    for (const code of ["OK", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"]) {
      assert.ok(text.includes(`rewardgate_requests_total{transport="http",method="${method}",code="${code}"} 0\n`), `${method} ${code}`);
    }
  }
});

test("an answer with routes, constraints, advantages, weight sets and states says all of it", async (t) => {
  let told: ScoreResult | undefined;
  const service = scriptedService((request) => {
    told = resultOf(request);
    return told;
  });
  const { score } = await open(t, { service });
  const item = { ...itemJson("a", "four", "veto"), domain: "constrained" };
  const answer = ScoreResponseJson.parse(await (await score({ panel: "chat", items: [item] })).json());
  const { route, group, constrained, candidates } = told!.results[0]!;
  const shown = answer.results[0]!;
  assert.deepEqual([shown.route, shown.group, shown.constrained, answer.states], [route, group, constrained, told!.states]);
  assert.deepEqual(
    shown.candidates.map(({ status, rewards, advantage, constraints, missing }) => ({ status, rewards, advantage, constraints, missing })),
    candidates.map(({ status, rewards, advantage, constraints, missing }) => ({ status, rewards, advantage, constraints, missing })),
  );
  assert.equal(Object.hasOwn(shown.candidates[1]!, "reward"), false);
  assert.equal(shown.candidates[1]!.error!.reason, "CONSTRAINT_VIOLATED");
  assert.equal(shown.candidates[0]!.judges[0]!.advantage, 0.5);
});

test("a weight set that weighs nothing, or twice the same, is refused with its place", async (t) => {
  const { score } = await open(t);
  const body = (weightSets: unknown, more = {}) => ({ ...bodyJson("x"), options: { weightSets, ...more } });
  for (const [options, field] of [
    [body([{ name: "a" }]), "options.weightSets[0]"],
    [body([{ name: "", memberWeights: { m: 1 } }]), "options.weightSets[0].name"],
    [
      body([
        { name: "a", memberWeights: { m: 1 } },
        { name: "a", memberWeights: { m: 2 } },
      ]),
      "options.weightSets[1].name",
    ],
    [body([{ name: "a", memberWeights: { m: -1 } }]), "options.weightSets[0].memberWeights"],
    [body([{ name: "a", steeringMode: "blend", objectiveWeights: { b: 1 } }]), "options.weightSets[0].steeringAlpha"],
    [body(Array.from({ length: 65 }, (_, i) => ({ name: String(i), memberWeights: { m: 1 } }))), "options.weightSets"],
    [body([], { stateVersions: { mix: -1 } }), "options.stateVersions"],
    [
      { ...bodyJson("x"), items: [{ ...itemJson("a", "x"), candidates: [{ content: "x", tokens: 1.5 }] }] },
      "items[0].candidates[0].tokens",
    ],
  ] as const) {
    const { reason, details } = await refusal(await score(options));
    assert.deepEqual([reason, details?.field], ["REQUEST_INVALID", field]);
  }
});

test("every field of a request reaches the service", async (t) => {
  let seen: ScoreRequest | undefined;
  const { score } = await open(t, {
    service: scriptedService((request) => {
      seen = request;
      return resultOf(request);
    }),
  });
  const parts = [
    { type: "text", text: "look" },
    { type: "image_url", image_url: { url: "data:x" } },
  ];
  const prompt = [
    { role: "system", content: "be kind" },
    { role: "user", content: parts },
  ];
  const item = {
    id: "x",
    prompt,
    candidates: [{ content: "ok", tokens: 0, kl: -0.5, truncated: true }],
    baselines: [{ content: "base", tokens: 7 }],
    reference: "",
    criteria: [{ text: "is brief" }, { name: "polite", text: "is polite", hard: true, weight: 2, dependsOn: ["0"] }],
    domain: "art",
    language: "en",
    metadata: { run: "1" },
  };
  const options = {
    objectiveWeights: { a: -1 },
    steeringMode: "blend",
    steeringAlpha: 0,
    detail: "judges",
    deadlineMs: 5000,
    cache: "bypass",
    priority: "critical",
    weightSets: [{ name: "w", objectiveWeights: { b: 2 }, steeringMode: "multiply", memberWeights: { m: 0.5 } }],
    stateVersions: { mix: 0 },
  };
  const training = { run: "r", step: 0, policyVersion: "r-0" };
  const items = [item, { prompt: "p", candidates: [{ content: "second" }] }];
  const response = await score({ panel: "chat", items, options, ...training });
  assert.equal(response.status, 200);
  const image = { type: "image", url: "data:x" };
  assert.deepEqual(seen, {
    panel: "chat",
    items: [
      {
        ...item,
        criteria: [{ name: "0", text: "is brief" }, item.criteria[1]],
        prompt: [prompt[0], { role: "user", content: [parts[0], image] }],
      },
      { id: "1", prompt: [{ role: "user", content: "p" }], candidates: [{ content: "second" }] },
    ],
    options: {
      detail: "judges",
      cache: "bypass",
      priority: "critical",
      steering: { weights: { a: -1 }, mode: "blend", alpha: 0 },
      deadlineMs: 5000,
      weightSets: [{ name: "w", steering: { weights: { b: 2 }, mode: "multiply", alpha: 1 }, memberWeights: { m: 0.5 } }],
      stateVersions: { mix: 0 },
    },
    ...training,
  });
});

test("a zero below zero is zero, in a step, a count of tokens and a version", async (t) => {
  let seen: ScoreRequest | undefined;
  const service = scriptedService((request) => {
    seen = request;
    return resultOf(request);
  });
  const { post, close } = await openHttp({ service });
  t.after(close);
  const item = '{"prompt":"p","candidates":[{"content":"x","tokens":-0}]}';
  const rest = '"panel":"chat","run":"r","step":-0,"options":{"stateVersions":{"mix":-0}}';
  for (const [path, body, type] of [
    ["/v1/score", `{"items":[${item}],${rest}}`, "application/json"],
    ["/v1/score:stream", `{"item":${item},${rest}}`, "application/x-ndjson"],
  ] as const) {
    seen = undefined;
    assert.equal((await (await post(path, body, { "content-type": type })).text()).includes("REQUEST_INVALID"), false);
    // Strict equality tells the two zeros apart.
    assert.deepEqual([seen!.step, seen!.items[0]?.candidates[0]?.tokens, seen!.options.stateVersions], [0, 0, { mix: 0 }]);
  }
});

const candidate = (content: unknown) => ({
  panel: "chat",
  items: [itemJson("a", "x"), { ...itemJson("b"), candidates: [{ content: "ok" }, { content }] }],
});
const wrong: [string, unknown, string | undefined][] = [
  ["no object", [1], undefined],
  ["no panel", { items: [itemJson("a", "x")] }, "panel"],
  ["no items", { panel: "chat" }, "items"],
  ["an unknown field", { ...bodyJson("x"), panle: "y" }, "panle"],
  ["an unknown field of an item", { panel: "chat", items: [{ ...itemJson("a", "x"), answer: "secret" }] }, "items[0].answer"],
  [
    "an unknown field of a candidate",
    { panel: "chat", items: [{ ...itemJson("a"), candidates: [{ contents: "secret" }] }] },
    "items[0].candidates[0].contents",
  ],
  ["an unknown option", { ...bodyJson("x"), options: { detial: "full" } }, "options.detial"],
  ["a number for text", candidate(3), "items[1].candidates[1].content"],
  ["null for text", candidate(null), "items[1].candidates[1].content"],
  [
    "a number in a part",
    candidate([
      { type: "text", text: "a" },
      { type: "text", text: 1 },
    ]),
    "items[1].candidates[1].content[1].text",
  ],
  ["a part of an unknown type", candidate([{ type: "audio", data: "secret" }]), "items[1].candidates[1].content[0].type"],
  ["a part with an unknown field", candidate([{ type: "text", text: "a", more: 1 }]), "items[1].candidates[1].content[0].more"],
  ["an image without address", candidate([{ type: "image_url", image_url: {} }]), "items[1].candidates[1].content[0].image_url.url"],
  [
    "an unknown role",
    { panel: "chat", items: [{ ...itemJson("a", "x"), prompt: [{ role: "robot", content: "x" }] }] },
    "items[0].prompt[0].role",
  ],
  ["an id that is no text", { panel: "chat", items: [{ ...itemJson("a", "x"), id: 7 }] }, "items[0].id"],
  ["a deadline that is no number", { ...bodyJson("x"), options: { deadlineMs: "5" } }, "options.deadlineMs"],
  ["a weight that is no number", { ...bodyJson("x"), options: { objectiveWeights: { help: "1" } } }, "options.objectiveWeights.help"],
  ["half a pair", candidate("\ud800"), "items[1].candidates[1].content"],
];
for (const [name, body, field] of wrong) {
  test(`${name} is refused at ${field}`, async (t) => {
    const { score } = await open(t);
    const error = await refusal(await score(body));
    assert.deepEqual([error.reason, error.details?.field], ["REQUEST_INVALID", field]);
    assert.doesNotMatch(error.message, /secret/);
  });
}

test("no candidate is CANDIDATES_EMPTY", async (t) => {
  const { score } = await open(t);
  const error = await refusal(await score(bodyJson()));
  assert.deepEqual([error.reason, error.details?.field], ["CANDIDATES_EMPTY", "items[0].candidates"]);
});

test("a body may have as many bytes as the limit, and one more is TOO_LARGE, packed or not", async (t) => {
  const limit = 5000;
  const { post } = await open(t, { limits: { maxHttpBodyBytes: limit } });
  const bodyOf = (bytes: number) => {
    const empty = JSON.stringify(bodyJson(""));
    return Buffer.from(JSON.stringify(bodyJson("x".repeat(bytes - empty.length))));
  };
  for (const pack of [(body: Buffer) => [body, {}], (body: Buffer) => [gzipSync(body), { "content-encoding": "gzip" }]] as const) {
    for (const bytes of [limit - 1, limit, limit + 1]) {
      const [body, headers] = pack(bodyOf(bytes));
      const response = await post("/v1/score", body as Buffer, headers as Record<string, string>);
      if (bytes > limit) assert.equal((await refusal(response, 413)).details?.limit, limit);
      else assert.equal(ScoreResponseJson.parse(await response.json()).usage.candidates, 1);
    }
  }
});

test("a body far beyond the limit is refused while the client still sends it", async (t) => {
  const { post } = await open(t, { limits: { maxHttpBodyBytes: 1000 } });
  assert.equal((await refusal(await post("/v1/score", Buffer.alloc(20 << 20, 0x20)), 413)).reason, "TOO_LARGE");
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
  assert.equal((await refusal(await post("/v1/score", endless), 413)).reason, "TOO_LARGE");
});

for (const [encoding, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync })) {
  test(`a body packed with ${encoding} is unpacked, a bomb is refused, and damage is told`, async (t) => {
    const { post } = await open(t, { limits: { maxHttpBodyBytes: 64 << 20 } });
    const headers = { "content-encoding": encoding };
    const good = pack(Buffer.from(JSON.stringify(bodyJson("x"))));
    const response = await post("/v1/score", good, headers);
    assert.equal(response.status, 200);
    await response.body?.cancel();
    const bomb = await refusal(await post("/v1/score", pack(Buffer.alloc(32 << 20, 0x20)), headers), 413);
    assert.deepEqual([bomb.reason, bomb.details?.limit], ["TOO_LARGE", 100]);
    assert.equal((await refusal(await post("/v1/score", good.subarray(0, good.length - 6), headers))).reason, "REQUEST_INVALID");
  });
}

test("other encodings, types and charsets are 415", async (t) => {
  const { post } = await open(t);
  const body = JSON.stringify(bodyJson("x"));
  for (const headers of [
    { "content-encoding": "zstd" },
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/json; charset=latin1" },
  ] as Record<string, string>[]) {
    assert.equal((await refusal(await post("/v1/score", body, headers), 415)).reason, "MEDIA_TYPE_UNSUPPORTED");
  }
  assert.equal((await post("/v1/score", body, { "content-type": 'Application/JSON; charset="UTF-8"' })).status, 200);
});

test("unknown routes are 404, other verbs 405 with what is allowed", async (t) => {
  const { url, post } = await open(t);
  for (const path of [
    "/",
    "/v1",
    "/v1/score/",
    "/V1/score",
    "/v1/score:stream/x",
    "//v1/score",
    "/v1/%73core/",
    "/docs/..%2f..%2fpackage.json",
  ]) {
    assert.equal((await refusal(await fetch(url + path), 404)).reason, "ROUTE_NOT_FOUND", path);
  }
  // A trainer that calls a wire which is not enabled: /docs has none of them.
  assert.match((await refusal(await post("/get_reward", "{}"), 404)).message, /wire .* configuration enables/);
  for (const [path, method, allowed] of [
    ["/v1/score", "GET", "POST"],
    ["/v1/score", "DELETE", "POST"],
    ["/v1/score:stream", "PUT", "POST"],
    ["/v1/judges", "POST", "GET"],
    ["/openapi.json", "OPTIONS", "GET"],
  ] as const) {
    const response = await fetch(url + path, { method });
    assert.equal(response.headers.get("allow"), allowed);
    assert.equal((await refusal(response, 405)).reason, "METHOD_NOT_ALLOWED");
  }
});

test("the lists and the version are those of the service", async (t) => {
  const { url } = await open(t);
  const get = async (path: string) => (await fetch(url + path)).json();
  assert.deepEqual(JudgesJson.parse(await get("/v1/judges")).judges, scriptedService().judges());
  assert.deepEqual(PanelsJson.parse(await get("/v1/panels")).panels, scriptedService().panels());
  assert.deepEqual(VersionJson.parse(await get("/v1/version")), scriptedService().version());
});

test("a connection is kept for the next request, whether the first had a body or not", async (t) => {
  const { url } = await open(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const portOf = (method: string, path: string, body?: string) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(`${url}${path}`, { agent, method, headers: { "content-type": "application/json" } }, (response) => {
        const { localPort } = response.socket;
        response.resume().on("end", () => resolve(localPort!));
      });
      sent.on("error", reject).end(body);
    });
  const first = await portOf("GET", "/v1/version");
  assert.equal(await portOf("GET", "/v1/judges"), first);
  assert.equal(await portOf("GET", "/nowhere"), first);
  assert.equal(await portOf("POST", "/v1/score", JSON.stringify(bodyJson("x"))), first);
  assert.equal(await portOf("GET", "/v1/panels"), first);
});

test("the request id is the caller's or a fresh one, and the trace context comes back", async (t) => {
  const { score, lines } = await open(t);
  const traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  const first = await score(bodyJson("x"), { "x-request-id": "my-id-1", traceparent });
  assert.deepEqual([first.headers.get("x-request-id"), first.headers.get("traceparent")], ["my-id-1", traceparent]);
  await settled(() => lines.length === 1);
  assert.equal(lines[0]?.requestId, "my-id-1");
  const second = await score(bodyJson("x"), { "x-request-id": "x".repeat(129), traceparent: "nonsense" });
  assert.match(String(second.headers.get("x-request-id")), /^[0-9a-f-]{36}$/);
  assert.equal(second.headers.get("traceparent"), null);
});

test("x-request-timeout-ms is the deadline when it is earlier, and nonsense is refused", async (t) => {
  const seen: (number | undefined)[] = [];
  const { score } = await open(t, {
    service: scriptedService((request) => {
      seen.push(request.options.deadlineMs);
      return resultOf(request);
    }),
  });
  await score(bodyJson("x"), { "x-request-timeout-ms": "30000" });
  await score({ ...bodyJson("x"), options: { deadlineMs: 700 } }, { "x-request-timeout-ms": "30000" });
  assert.ok(Number(seen[0]) > 10_000 && Number(seen[0]) <= 30_000);
  assert.equal(seen[1], 700);
  for (const value of ["0", "-1", "1.5", "soon", "99999999999"]) {
    assert.equal((await refusal(await score(bodyJson("x"), { "x-request-timeout-ms": value }))).details?.field, "x-request-timeout-ms");
  }
});

test("a disconnect aborts the work, and a normal answer does not", async (t) => {
  const signals: AbortSignal[] = [];
  const { score, url, lines } = await open(t, {
    service: scriptedService(async (request, { signal }) => {
      signals.push(signal);
      if (request.items[0]?.id === "hang") {
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new GatewayError("CALLER_GONE", "gone"))));
      }
      return resultOf(request);
    }),
  });
  await (await score(bodyJson("x"))).arrayBuffer();
  const aborter = new AbortController();
  const body = JSON.stringify({ panel: "chat", items: [itemJson("hang", "x")] });
  const call = fetch(`${url}/v1/score`, { method: "POST", body, headers: { "content-type": "application/json" }, signal: aborter.signal });
  await settled(() => signals.length === 2);
  aborter.abort();
  await assert.rejects(call);
  await settled(() => signals[1]?.aborted === true);
  assert.equal(signals[0]?.aborted, false);
  await settled(() => lines.length === 2);
  assert.deepEqual(
    lines.map((line) => line.code),
    ["OK", "CANCELLED"],
  );
});

test("requests that were sent ahead of the answers end with their connection", async (t) => {
  const signals: AbortSignal[] = [];
  const service = scriptedService((_, { signal }) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new GatewayError("CALLER_GONE", "gone"))));
  });
  const { url, lines, metrics } = await open(t, { service });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const unary = JSON.stringify(bodyJson("x"));
  const streamed = JSON.stringify({ panel: "chat", item: itemJson("a", "x") });
  for (const [path, type, body] of [
    ["/v1/score", "application/json", unary],
    ["/v1/score", "application/json", unary],
    ["/v1/score:stream", "application/x-ndjson", streamed],
  ] as const) {
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }
  await settled(() => signals.length === 3);
  socket.destroy();
  await settled(() => lines.length === 3);
  assert.deepEqual(lines.map(({ method, reason }) => `${method} ${reason}`).sort(), [
    "Score CALLER_GONE",
    "Score CALLER_GONE",
    "ScoreStream CALLER_GONE",
  ]);
  assert.ok(signals.every(({ aborted }) => aborted));
  assert.equal((await metrics.requestsRunning.get()).values[0]?.value, 0);
});

test("drain lets every running request finish, closes their connections and refuses new ones", async () => {
  const { service, release, taken } = heldService();
  const opened = await openHttp({ service });
  const calls = Array.from({ length: 250 }, () => opened.post("/v1/score", JSON.stringify(bodyJson("x"))));
  await settled(() => taken() === 250);
  const drained = opened.server.drain();
  await sleep(20);
  release();
  const answers = await Promise.all(calls);
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("connection"), "close");
    await answer.arrayBuffer();
  }
  await drained;
  await assert.rejects(opened.post("/v1/score", JSON.stringify(bodyJson("x"))));
  await opened.close();
});

test("idle connections do not hold a drain", async (t) => {
  const { url, server } = await open(t);
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.on("error", () => {});
  socket.write("GET /v1/version HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  socket.resume();
  await server.drain();
  await closed;
});

test("a sender of slow headers or of a slow body is disconnected", async (t) => {
  const { url } = await open(t, { timeouts: { headersMs: 200, bodyMs: 200 } });
  for (const start of [
    "POST /v1/score HTT",
    "POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
  ]) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.write(start);
    await new Promise((resolve) => socket.on("close", resolve));
  }
});

test("headers of up to 16 KiB together are read, and more are refused before the request is", async (t) => {
  const { url, lines } = await open(t);
  const answered = async (bytes: number) => (await fetch(`${url}/v1/version`, { headers: { "x-filler": "x".repeat(bytes) } })).status;
  assert.deepEqual([await answered(15_000), await answered(16_384)], [200, 431]);
  assert.equal(lines.length, 1);
});

test("no header tells the server's software, and pages may load from here only", async (t) => {
  const { url } = await open(t);
  const { headers } = await fetch(`${url}/v1/version`);
  assert.equal(headers.get("x-powered-by"), null);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(String(headers.get("content-security-policy")), /^default-src 'self';/);
  assert.equal(headers.get("x-frame-options"), "SAMEORIGIN");
  assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
  assert.equal(headers.get("strict-transport-security"), null);
});

test("HEAD is answered as GET is, without the body", async (t) => {
  const { url } = await open(t);
  const [head, get] = [await fetch(`${url}/v1/version`, { method: "HEAD" }), await fetch(`${url}/v1/version`)];
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.equal(head.headers.get("content-length"), String((await get.arrayBuffer()).byteLength));
});

test("a port in use is a configuration error that names the address", async (t) => {
  const { server } = await open(t);
  await assert.rejects(
    startHttpServer({
      host: "127.0.0.1",
      port: server.port,
      service: scriptedService(),
      states: NO_STATES,
      runs: openRuns().runs,
      limits: LIMITS,
      ...recordingTelemetry(),
    }),
    (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID" && error.message.includes(`127.0.0.1:${server.port}`),
  );
});
