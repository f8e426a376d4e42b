import assert from "node:assert/strict";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { GatewayError } from "../../../src/domain/errors.ts";
import { ScoreStreamResponseJson } from "../../../src/transport/http/response-schema.ts";
import { deferred } from "../../support/scripted.ts";
import { heldService, lastFirst, lastFirstPlace, resultOf, scriptedService } from "../../support/scripted-service.ts";
import { openHttp } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { itemJson } from "../../support/wire-requests.ts";

const NDJSON = { "content-type": "application/x-ndjson" };
const line = (id: string, ...texts: string[]) => JSON.stringify({ panel: "chat", item: itemJson(id, ...texts) });

function linesOf(text: string) {
  return text
    .trimEnd()
    .split("\n")
    .map((each) => ScoreStreamResponseJson.parse(JSON.parse(each)));
}

/** An open request for a stream that has sent some lines, and its answer as it comes. */
async function openStream(at: string | { readonly url: string; readonly headers: Readonly<Record<string, string>> }, ...lines: string[]) {
  const { url, headers } = typeof at === "string" ? { url: at, headers: {} } : at;
  const call = httpRequest(`${url}/v1/score:stream`, { method: "POST", headers: { ...NDJSON, ...headers } });
  call.on("error", () => {});
  call.flushHeaders();
  for (const each of lines) call.write(`${each}\n`);
  const response = await new Promise<IncomingMessage>((resolve) => call.on("response", resolve));
  return { call, response };
}

test("2,000 items are each answered exactly once, in the order in which they finish", async (t) => {
  const { post, close, lines } = await openHttp({ service: scriptedService(lastFirst(resultOf)) });
  t.after(close);
  const body = Array.from({ length: 2000 }, (_, i) => line(`id-${i}`, "x".repeat(i % 50))).join("\n");
  const response = await post("/v1/score:stream", body, NDJSON);
  assert.match(String(response.headers.get("content-type")), /^application\/x-ndjson/);
  const answers = linesOf(await response.text());
  assert.equal(answers.length, 2000);
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  for (let i = 0; i < 2000; i++) {
    const answer = byId.get(`id-${i}`);
    assert.ok(answer !== undefined && "result" in answer);
    assert.equal(answer.result.candidates[0]?.reward, i % 50);
  }
  assert.deepEqual(
    answers.map(({ id }) => id),
    Array.from({ length: 2000 }, (_, i) => `id-${lastFirstPlace(i)}`),
  );
  await settled(() => lines.length === 1);
  assert.deepEqual([lines[0]?.method, lines[0]?.code, lines[0]?.items], ["ScoreStream", "OK", 2000]);
});

test("a bad line is answered with an error line and the stream goes on", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  const body = [
    line("first", "ok"),
    "not json secret",
    "",
    '{"panel":"chat","item":{"id":"dup","id":"dup"}}',
    JSON.stringify({ panel: "chat", item: { ...itemJson("named", "x"), extra: 1 } }),
    `${line("crlf", "ok")}\r`,
    line("last", "ok"),
  ].join("\n");
  const answers = linesOf(await (await post("/v1/score:stream", body, NDJSON)).text());
  const outcomes = Object.fromEntries(answers.map((answer) => [answer.id, "error" in answer ? answer.error.reason : "scored"]));
  assert.deepEqual(outcomes, {
    first: "scored",
    "1": "REQUEST_INVALID",
    "2": "REQUEST_INVALID",
    named: "REQUEST_INVALID",
    crlf: "scored",
    last: "scored",
  });
  assert.doesNotMatch(JSON.stringify(answers), /secret/);
});

test("a line whose id is too long is answered under that id, since its position may be the id of another", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  const long = "x".repeat(257);
  const answers = linesOf(await (await post("/v1/score:stream", [line(long, "ok"), line("0", "ok")].join("\n"), NDJSON)).text());
  const outcomes = Object.fromEntries(answers.map((answer) => [answer.id, "error" in answer ? answer.error.details?.field : "scored"]));
  assert.deepEqual(outcomes, { [long]: "item.id", "0": "scored" });
});

test("answers come while the request is still being sent", async (t) => {
  const { url, close } = await openHttp();
  t.after(close);
  const { call, response } = await openStream(url, line("one", "x"));
  const chunks = response[Symbol.asyncIterator]();
  assert.equal(linesOf(String((await chunks.next()).value))[0]?.id, "one");
  call.end(`${line("two", "x")}\n`);
  assert.equal(linesOf(String((await chunks.next()).value))[0]?.id, "two");
  assert.equal((await chunks.next()).done, true);
});

test("a packed stream is unpacked as it comes", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  const body = gzipSync(Array.from({ length: 100 }, (_, i) => line(String(i), "x")).join("\n"));
  const response = await post("/v1/score:stream", body, { ...NDJSON, "content-encoding": "gzip" });
  assert.equal(linesOf(await response.text()).length, 100);
});

test("a packed stream that goes on behind the end of its packed data is answered as far as that, and then ended with one error line", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  for (const [encoding, pack] of Object.entries({ deflate: deflateSync, br: brotliCompressSync })) {
    const body = Buffer.concat(["a", "b"].map((id) => pack(`${line(id, "x")}\n`)));
    const answers = linesOf(await (await post("/v1/score:stream", body, { ...NDJSON, "content-encoding": encoding })).text());
    assert.deepEqual(
      answers.map((answer) => ("error" in answer ? [answer.id, answer.error.reason] : [answer.id, "scored"])),
      [
        ["a", "scored"],
        [undefined, "REQUEST_INVALID"],
      ],
    );
  }
  const members = Buffer.concat(["a", "b"].map((id) => gzipSync(`${line(id, "x")}\n`)));
  const response = await post("/v1/score:stream", members, { ...NDJSON, "content-encoding": "gzip" });
  assert.deepEqual(
    linesOf(await response.text()).map(({ id }) => id),
    ["a", "b"],
  );
});

test("a line beyond the limit ends the stream with one error line", async (t) => {
  const { post, close } = await openHttp({ limits: { maxHttpBodyBytes: 1000 } });
  t.after(close);
  const response = await post("/v1/score:stream", `${line("a", "x")}\n${line("b", "x".repeat(2000))}\n${line("c", "x")}`, NDJSON);
  const answers = linesOf(await response.text());
  assert.deepEqual(
    answers.map((answer) => ("error" in answer ? [answer.id, answer.error.reason] : [answer.id, "scored"])),
    [
      ["a", "scored"],
      [undefined, "TOO_LARGE"],
    ],
  );
});

test("no more items are under way than the limit, and a client that does not read stalls the work", async (t) => {
  let running = 0;
  let most = 0;
  let scored = 0;
  const full = deferred();
  const { url, close } = await openHttp({
    limits: { maxStreamInFlight: 4 },
    service: scriptedService(async (request) => {
      most = Math.max(most, ++running);
      if (running === 4) full.resolve();
      await full.promise;
      await sleep(0);
      running--;
      scored++;
      return { ...resultOf(request), panelRevision: "r".repeat(200_000) };
    }),
  });
  t.after(close);
  const total = 300;
  const body = Array.from({ length: total }, (_, i) => line(String(i), "x")).join("\n");
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(
    `POST /v1/score:stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  let before = -1;
  for (let still = 0; still < 5; still = scored > 0 && scored === before ? still + 1 : 0) {
    before = scored;
    await sleep(50);
  }
  assert.ok(scored < total, `${scored} of ${total} were scored for a client that reads nothing`);
  assert.equal(most, 4);
  let bytes = "";
  for await (const chunk of socket) bytes += chunk;
  assert.equal(bytes.match(/"id":"\d+","result"/g)?.length, total);
});

test("a client that takes nothing for too long is disconnected", async (t) => {
  let aborted = false;
  const { url, close } = await openHttp({
    limits: { maxStreamInFlight: 2 },
    timeouts: { stallMs: 200 },
    service: scriptedService((request, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return { ...resultOf(request), panelRevision: "r".repeat(4_000_000) };
    }),
  });
  t.after(close);
  const body = Array.from({ length: 20 }, (_, i) => line(String(i), "x")).join("\n");
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  socket.write(
    `POST /v1/score:stream HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await settled(() => aborted);
  socket.destroy();
});

test("a client that reads slowly keeps its stream, though answers wait for it for longer than it may take nothing", async (t) => {
  const answerBytes = 2_000_000;
  const total = 64;
  const { url, close } = await openHttp({
    limits: { maxStreamInFlight: total / 2 },
    timeouts: { stallMs: 1000 },
    service: scriptedService((request) => ({ ...resultOf(request), panelRevision: "r".repeat(answerBytes) })),
  });
  t.after(close);
  const { call, response } = await openStream(url, ...Array.from({ length: total }, (_, i) => line(String(i), "x")));
  call.end();
  let [bytes, answers] = [0, 0];
  for await (const chunk of response) {
    const paused = Math.floor(bytes / answerBytes);
    bytes += chunk.length;
    answers += String(chunk).split("\n").length - 1;
    if (Math.floor(bytes / answerBytes) > paused) await sleep(70);
  }
  assert.equal(answers, total);
});

test("a client that reads nothing of the end of its answers is disconnected too, over a stream and over one request", async (t) => {
  const { url, close, lines } = await openHttp({
    timeouts: { stallMs: 200 },
    service: scriptedService((request) => ({ ...resultOf(request), panelRevision: "r".repeat(40_000_000) })),
  });
  t.after(close);
  const body = `{"panel":"chat","items":[${JSON.stringify(itemJson("a", "x"))}]}`;
  for (const [path, type, sent] of [
    ["/v1/score:stream", "application/x-ndjson", line("a", "x")],
    ["/v1/score", "application/json", body],
  ] as const) {
    const before = lines.length;
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`);
    await settled(() => lines.length > before);
    assert.equal(lines.at(-1)?.code, "CANCELLED");
    socket.destroy();
  }
});

for (const [name, sent] of [
  ["without a line", []],
  ["whose lines are answered", [line("a", "x"), line("b", "xy")]],
] as const) {
  test(`a stream ${name} that brings nothing for too long ends with DEADLINE_EXCEEDED, and is counted so`, async (t) => {
    const { url, close, lines, metrics } = await openHttp({ timeouts: { idleMs: 2000 } });
    t.after(close);
    const { response } = await openStream(url, ...sent);
    let text = "";
    for await (const chunk of response) text += chunk;
    const answers = linesOf(text);
    const last = answers.pop();
    assert.ok(last && "error" in last && last.error.reason === "DEADLINE_EXCEEDED" && last.id === undefined);
    assert.deepEqual(
      answers.map((answer) => ["result" in answer, answer.id]).sort(),
      sent.map((_, i) => [true, "ab"[i]]),
    );
    await settled(() => lines.length === 1);
    assert.deepEqual([lines[0]?.code, lines[0]?.items], ["DEADLINE_EXCEEDED", sent.length]);
    assert.match(
      await metrics.registry.metrics(),
      /rewardgate_requests_total\{transport="http",method="ScoreStream",code="DEADLINE_EXCEEDED"\} 1/,
    );
  });
}

test("a stream is not idle while an item is under way, however long it takes", async (t) => {
  const { service, release } = heldService();
  const idleMs = 2000;
  const { url, close } = await openHttp({ timeouts: { idleMs }, service });
  t.after(close);
  const { call, response } = await openStream(url, line("first", "x"));
  await sleep(1.5 * idleMs);
  call.write(`${line("late", "xy")}\n`);
  release();
  call.end();
  let text = "";
  for await (const chunk of response) text += chunk;
  assert.deepEqual(
    linesOf(text)
      .map((answer) => ["result" in answer, answer.id])
      .sort(),
    [
      [true, "first"],
      [true, "late"],
    ],
  );
});

test("a disconnect aborts what is under way", async (t) => {
  let running = 0;
  let aborted = 0;
  const { url, close, lines } = await openHttp({
    service: scriptedService((_, { signal }) => {
      running++;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted++;
          reject(new GatewayError("CALLER_GONE", "gone"));
        }),
      );
    }),
  });
  t.after(close);
  const call = httpRequest(`${url}/v1/score:stream`, { method: "POST", headers: NDJSON });
  call.on("error", () => {});
  call.write(`${line("a", "x")}\n${line("b", "x")}\n`);
  await settled(() => running === 2);
  call.destroy();
  await settled(() => aborted === 2 && lines.length === 1);
  assert.equal(lines[0]?.code, "CANCELLED");
});

test("a draining server answers what is under way and then ends an open stream with SHUTTING_DOWN", async (t) => {
  const { service, release, taken } = heldService();
  const { url, server, close } = await openHttp({ service });
  t.after(close);
  const { response } = await openStream(url, ...Array.from({ length: 20 }, (_, i) => line(String(i), "x")));
  await settled(() => taken() === 20);
  const drained = server.drain();
  release();
  let text = "";
  for await (const chunk of response) text += chunk;
  const answers = linesOf(text);
  assert.equal(answers.filter((answer) => "result" in answer).length, 20);
  const last = answers.at(-1);
  assert.ok(last && "error" in last && last.error.reason === "SHUTTING_DOWN" && last.id === undefined);
  await drained;
});

test("a stream that was sent whole ends without an error when its last answer comes in a drain", async (t) => {
  const { service, release, taken } = heldService();
  const { post, server, lines, close } = await openHttp({ service });
  t.after(close);
  // A line without an end is taken once there is no more to come.
  const response = await post("/v1/score:stream", `${line("a", "x")}\n${line("b", "x")}`, NDJSON);
  await settled(() => taken() === 2);
  const drained = server.drain();
  release();
  assert.deepEqual(
    linesOf(await response.text()).map((answer) => [answer.id, "result" in answer]),
    [
      ["a", true],
      ["b", true],
    ],
  );
  await drained;
  assert.equal(lines[0]?.code, "OK");
});

test("x-request-timeout-ms bounds every line of a stream, from when the stream came; a line that asks for less has less", async (t) => {
  const allowed: (number | undefined)[] = [];
  const service = scriptedService((request) => {
    allowed.push(request.options.deadlineMs);
    return resultOf(request);
  });
  const { url, post, close } = await openHttp({ service });
  t.after(close);
  const hurried = JSON.stringify({ panel: "chat", item: itemJson("b", "x"), options: { deadlineMs: 700 } });
  await (await post("/v1/score:stream", `${line("a", "x")}\n${hurried}`, { ...NDJSON, "x-request-timeout-ms": "30000" })).text();
  await (await post("/v1/score:stream", line("a", "x"), NDJSON)).text();
  assert.ok(allowed[0]! > 20_000 && allowed[0]! <= 30_000, String(allowed[0]));
  assert.deepEqual(allowed.slice(1), [700, undefined]);

  const { call, response } = await openStream({ url, headers: { "x-request-timeout-ms": "1" } });
  for (const began = performance.now(); performance.now() < began + 5; ) await sleep(1);
  call.end(line("late", "x"));
  let text = "";
  for await (const chunk of response) text += chunk;
  assert.deepEqual(
    linesOf(text).map((answer) => [answer.id, "error" in answer && answer.error.reason]),
    [["late", "DEADLINE_EXCEEDED"]],
  );
  assert.equal(allowed.length, 3);
});

test("the body must be JSON lines", async (t) => {
  const { post, close } = await openHttp();
  t.after(close);
  assert.equal((await post("/v1/score:stream", line("a", "x"))).status, 415);
});

test("lines that came together and are answered at once let others have the event loop in between", async (t) => {
  let othersHadATurn = false;
  const turns: boolean[] = [];
  const service = scriptedService(async (request) => {
    if (turns.length === 0) setImmediate(() => (othersHadATurn = true));
    turns.push(othersHadATurn);
    // As a rule that reads a long text.
    for (const until = performance.now() + 15; performance.now() < until; );
    return resultOf(request);
  });
  const { post, close } = await openHttp({ service });
  t.after(close);
  const response = await post("/v1/score:stream", [line("a", "x"), line("b", "y"), line("c", "z")].join("\n"), NDJSON);
  assert.equal(linesOf(await response.text()).length, 3);
  assert.deepEqual(turns, [false, true, true]);
});

test("twenty streams at once are no leak to Node, which would say so in the midst of the log", async (t) => {
  const warned = t.mock.method(process, "emitWarning");
  const { url, close } = await openHttp();
  t.after(close);
  const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(url, line("a", "text"))));
  for (const { call, response } of streams) {
    response.resume();
    call.end();
  }
  await Promise.all(streams.map(({ response }) => new Promise((resolve) => response.on("end", resolve))));
  assert.deepEqual(
    warned.mock.calls.map(({ arguments: [warning] }) => String(warning)),
    [],
  );
});
