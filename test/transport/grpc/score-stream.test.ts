import assert from "node:assert/strict";
import { connect } from "node:http2";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ServiceError, status } from "@grpc/grpc-js";
import { GatewayError } from "../../../src/domain/errors.ts";
import * as wire from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { detailsOf } from "../../support/grpc-status.ts";
import { deferred } from "../../support/scripted.ts";
import { heldService, lastFirst, lastFirstPlace, resultOf, scriptedService } from "../../support/scripted-service.ts";
import { openGrpc } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { itemProto, streamRequestProto } from "../../support/wire-requests.ts";

async function open(t: TestContext, choices: Parameters<typeof openGrpc>[0] = {}) {
  const opened = await openGrpc(choices);
  t.after(() => opened.close());
  const stream = opened.client.scoreStream();
  const answers: wire.ScoreStreamResponse[] = [];
  let error: ServiceError | undefined;
  stream.on("data", (answer: wire.ScoreStreamResponse) => answers.push(answer));
  stream.on("error", (thrown: ServiceError) => {
    error = thrown;
  });
  const ended = new Promise<ServiceError | undefined>((resolve) => stream.on("status", () => setImmediate(() => resolve(error))));
  return { ...opened, stream, answers, ended };
}

test("2,000 items are each answered exactly once, in the order in which they finish", async (t) => {
  const service = scriptedService(lastFirst(resultOf));
  const { stream, answers, ended, lines } = await open(t, { service });
  for (let i = 0; i < 2000; i++) stream.write(streamRequestProto(`id-${i}`, "x".repeat(i % 50)));
  stream.end();
  assert.equal(await ended, undefined);
  assert.equal(answers.length, 2000);
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  assert.equal(byId.size, 2000);
  for (let i = 0; i < 2000; i++) {
    const outcome = byId.get(`id-${i}`)?.outcome;
    assert.ok(outcome?.$case === "result");
    assert.equal(outcome.value.id, `id-${i}`);
    assert.equal(outcome.value.candidates[0]?.reward, i % 50);
  }
  assert.deepEqual(
    answers.map(({ id }) => id),
    Array.from({ length: 2000 }, (_, i) => `id-${lastFirstPlace(i)}`),
  );
  await settled(() => lines.length === 1);
  assert.deepEqual([lines[0]?.method, lines[0]?.code, lines[0]?.items], ["ScoreStream", "OK", 2000]);
});

test("a message that breaks a rule is answered under its id and the stream goes on", async (t) => {
  const { stream, answers, ended } = await open(t);
  stream.write(streamRequestProto("first", "ok"));
  stream.write(streamRequestProto("empty"));
  stream.write({ ...streamRequestProto("options", "x"), options: wire.ScoreOptions.fromPartial({ steeringAlpha: 0.5 }) });
  stream.write(wire.ScoreStreamRequest.fromPartial({ panel: "chat" }));
  stream.write(streamRequestProto("", "no id"));
  stream.end();
  assert.equal(await ended, undefined);
  const outcomes = Object.fromEntries(
    answers.map(({ id, outcome }) => [
      id,
      outcome?.$case === "error" ? `${outcome.value.reason} ${outcome.value.details?.field}` : "scored",
    ]),
  );
  assert.deepEqual(outcomes, {
    first: "scored",
    empty: "CANDIDATES_EMPTY item.candidates",
    options: "REQUEST_INVALID options.steeringAlpha",
    "3": "REQUEST_INVALID item",
    "4": "scored",
  });
});

test("bytes that are no message end the stream with INVALID_ARGUMENT", async (t) => {
  const { client } = await open(t);
  const method = wire.RewardServiceService.scoreStream;
  const stream = client.makeBidiStreamRequest(method.path, (bytes: Uint8Array) => Buffer.from(bytes), method.responseDeserialize);
  const error = new Promise<ServiceError>((resolve) => stream.on("error", (thrown) => resolve(thrown as ServiceError)));
  stream.resume();
  stream.write(Uint8Array.of(0x0a, 200, 1));
  assert.equal((await error).code, status.INVALID_ARGUMENT);
  assert.equal(detailsOf(await error).info?.reason, "REQUEST_INVALID");
});

test("no more items are under way than the limit, however fast the client writes", async (t) => {
  let running = 0;
  let most = 0;
  const full = deferred();
  const { stream, answers, ended } = await open(t, {
    limits: { maxStreamInFlight: 8 },
    service: scriptedService(async (request) => {
      most = Math.max(most, ++running);
      if (running === 8) full.resolve();
      await full.promise;
      await sleep(1);
      running--;
      return resultOf(request);
    }),
  });
  for (let i = 0; i < 300; i++) stream.write(streamRequestProto(String(i), "x"));
  stream.end();
  assert.equal(await ended, undefined);
  assert.equal(answers.length, 300);
  assert.equal(most, 8);
});

test("a client that does not read stalls the work, and loses nothing when it reads again", async (t) => {
  let scored = 0;
  const opened = await openGrpc({
    limits: { maxStreamInFlight: 4 },
    service: scriptedService((request) => {
      scored++;
      return { ...resultOf(request), panelRevision: "r".repeat(20_000) };
    }),
  });
  t.after(() => opened.close());
  // A bare HTTP/2 client: that of grpc-js reads ahead without bound.
  const session = connect(`http://${opened.address}`);
  t.after(() => session.destroy());
  const method = wire.RewardServiceService.scoreStream;
  const stream = session.request({ ":method": "POST", ":path": method.path, "content-type": "application/grpc", te: "trailers" });
  const total = 400;
  for (let i = 0; i < total; i++) stream.write(frame(method.requestSerialize(streamRequestProto(String(i), "x"))));
  stream.end();
  await settled(() => scored > 0);
  await sleep(300);
  assert.ok(scored < 100, `${scored} of ${total} were scored for a client that reads nothing`);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const ids = new Set<string>();
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 1);
    ids.add(method.responseDeserialize(bytes.subarray(at + 5, at + 5 + length)).id);
    at += 5 + length;
  }
  assert.equal(ids.size, total);
});

/** A gRPC length-prefixed message. */
function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

test("a stream that brings nothing for too long ends with DEADLINE_EXCEEDED behind its answers, and is counted so", async (t) => {
  const { service, release } = heldService();
  const streamIdleMs = 2000;
  const { stream, answers, ended, lines, metrics } = await open(t, { connections: { streamIdleMs }, service });
  stream.write(streamRequestProto("first", "x"));
  // Under way for longer than a stream may be idle.
  await sleep(1.5 * streamIdleMs);
  stream.write(streamRequestProto("late", "x"));
  release();
  const error = (await ended) as ServiceError;
  assert.deepEqual(answers.map(({ id, outcome }) => [id, outcome?.$case]).sort(), [
    ["first", "result"],
    ["late", "result"],
  ]);
  assert.deepEqual([error.code, detailsOf(error).info?.reason], [status.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"]);
  await settled(() => lines.length === 1);
  assert.equal(lines[0]?.code, "DEADLINE_EXCEEDED");
  assert.match(
    await metrics.registry.metrics(),
    /rewardgate_requests_total\{transport="grpc",method="ScoreStream",code="DEADLINE_EXCEEDED"\} 1/,
  );
});

test("a cancel aborts what is under way, without a warning about its many listeners", async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on("warning", warn);
  t.after(() => process.off("warning", warn));
  const aborted: string[] = [];
  let arrived = 0;
  const { stream, lines } = await open(t, {
    service: scriptedService((request, { signal }) => {
      arrived++;
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted.push(request.items[0]?.id as string);
          reject(new GatewayError("CALLER_GONE", "gone"));
        }),
      );
    }),
  });
  for (let i = 0; i < 20; i++) stream.write(streamRequestProto(String(i), "x"));
  await settled(() => arrived === 20);
  stream.cancel();
  await settled(() => aborted.length === 20);
  await settled(() => lines.length === 1);
  assert.deepEqual(warnings, []);
  assert.equal(lines[0]?.code, "CANCELLED");
});

test("a draining server answers what is under way and then ends an open stream with SHUTTING_DOWN", async (t) => {
  const { service, release, taken } = heldService();
  const { stream, answers, ended, server } = await open(t, { service });
  for (let i = 0; i < 20; i++) stream.write(wire.ScoreStreamRequest.fromPartial({ panel: "chat", item: itemProto(String(i), "x") }));
  await settled(() => taken() === 20);
  const drained = server.drain();
  release();
  const error = await ended;
  assert.equal(answers.length, 20);
  assert.equal(error?.code, status.UNAVAILABLE);
  assert.equal(detailsOf(error as ServiceError).info?.reason, "SHUTTING_DOWN");
  assert.notEqual(detailsOf(error as ServiceError).pushback, undefined);
  await drained;
});

test("a draining server ends an idle stream at once", async (t) => {
  const { stream, answers, ended, server } = await open(t);
  stream.write(streamRequestProto("a", "x"));
  await settled(() => answers.length === 1);
  const drained = server.drain();
  assert.equal((await ended)?.code, status.UNAVAILABLE);
  await drained;
});

test("twenty streams at once are no leak to Node, which would say so in the midst of the log", async (t) => {
  const warned = t.mock.method(process, "emitWarning");
  const { client, stream, answers } = await open(t);
  const others = Array.from({ length: 19 }, () => client.scoreStream());
  for (const other of others) other.on("error", () => {}).on("data", (answer: wire.ScoreStreamResponse) => answers.push(answer));
  for (const each of [stream, ...others]) each.write(streamRequestProto("a", "text"));
  await settled(() => answers.length === 20);
  for (const each of [stream, ...others]) each.end();
  assert.deepEqual(
    warned.mock.calls.map(({ arguments: [warning] }) => String(warning)),
    [],
  );
});
