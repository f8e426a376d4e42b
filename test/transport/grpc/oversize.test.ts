import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import * as wire from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { detailsOf } from "../../support/grpc-status.ts";
import { lengthModel } from "../../support/open-inference.ts";
import { openGrpc } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { requestProto, streamRequestProto } from "../../support/wire-requests.ts";

const LIMIT = 4000;
const sizeOf = (n: number) => wire.ScoreRequest.encode(requestProto("x".repeat(n))).finish().length;
/** Length of a candidate that makes a message of exactly the limit. */
const FITTING = 3000 + (LIMIT - sizeOf(3000));

/** A server with a small limit, and a client of it that may pack what it sends. */
async function open(t: TestContext, options: { gzip: boolean }) {
  const opened = await openGrpc({ limits: { maxGrpcMessageBytes: LIMIT } });
  const packing = options.gzip ? { "grpc.default_compression_algorithm": 2 } : {};
  const client = new wire.RewardServiceClient(opened.address, credentials.createInsecure(), packing);
  t.after(async () => {
    client.close();
    await opened.close();
  });
  const send = (length: number, requestId: string) =>
    new Promise<wire.ScoreResponse | ServiceError>((resolve) => {
      const metadata = new Metadata();
      metadata.set("x-request-id", requestId);
      client.score(requestProto("x".repeat(length)), metadata, (error, answer) => resolve(error ?? answer));
    });
  return { ...opened, client, send };
}

function assertTooLarge(outcome: unknown, requestId: string): void {
  assert.ok(outcome instanceof Error && "code" in outcome);
  const error = outcome as ServiceError;
  const { info, pushback } = detailsOf(error);
  assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  assert.deepEqual([info?.reason, info?.metadata.limit, info?.metadata.requestId, pushback], ["TOO_LARGE", `${LIMIT}`, requestId, "-1"]);
  assert.deepEqual(error.metadata.get("x-request-id"), [requestId]);
}

for (const gzip of [false, true]) {
  test(`a ${gzip ? "packed" : "plain"} message has at most as many bytes as the limit; any more are TOO_LARGE with all details, and counted`, async (t) => {
    const { send, lines } = await open(t, { gzip });
    const answer = await send(FITTING, "fits");
    assert.ok(!(answer instanceof Error));
    assert.equal(answer.results[0]?.candidates[0]?.reward, FITTING);
    const excesses = [1, 65_536, 65_537, 200_000, 20 << 20];
    for (const excess of excesses) assertTooLarge(await send(FITTING + excess, `excess-${excess}`), `excess-${excess}`);
    await settled(() => lines.length === 1 + excesses.length);
    assert.deepEqual(
      lines.slice(1).map(({ requestId, method, reason }) => [requestId, method, reason]),
      excesses.map((excess) => [`excess-${excess}`, "Score", "TOO_LARGE"]),
    );
  });
}

test("a packed message that does not unpack is INVALID_ARGUMENT with all details, and counted, where grpc-js would say INTERNAL", async (t) => {
  const { address, lines } = await open(t, { gzip: false });
  const session = connect(`http://${address}`);
  t.after(() => session.destroy());
  for (const damaged of [Buffer.from("no gzip"), gzipSync(Buffer.alloc(100)).subarray(0, 15)]) {
    const head = Buffer.from([1, 0, 0, 0, damaged.length]);
    const headers = { "content-type": "application/grpc", te: "trailers", "grpc-encoding": "gzip", "x-request-id": "damaged" };
    const stream = session.request({ ":method": "POST", ":path": "/rewardgate.v1.RewardService/Score", ...headers });
    stream.end(Buffer.concat([head, damaged]));
    const [answer] = await once(stream, "response");
    assert.deepEqual([answer["grpc-status"], answer["x-request-id"]], [`${status.INVALID_ARGUMENT}`, "damaged"]);
    stream.resume();
  }
  await settled(() => lines.length === 2);
  assert.deepEqual(
    lines.map(({ reason, code }) => [reason, code]),
    [0, 1].map(() => ["REQUEST_INVALID", "INVALID_ARGUMENT"]),
  );
});

test("headers that no gRPC client may send put nothing into the log that they say", async (t) => {
  const { address, lines } = await open(t, { gzip: false });
  const said: string[] = [];
  t.mock.method(console, "error", (...words: unknown[]) => said.push(words.join(" ")));
  const session = connect(`http://${address}`);
  t.after(() => session.destroy());
  const headers = { "content-type": "application/grpc", te: "trailers", "x-request-id": "s\u00e9cret" };
  const stream = session.request({ ":method": "POST", ":path": "/rewardgate.v1.RewardService/GetVersion", ...headers });
  stream.end(Buffer.alloc(5));
  const [answer] = await once(stream, "response");
  assert.equal(answer[":status"], 200);
  stream.resume();
  await settled(() => lines.length === 1);
  assert.deepEqual([said, JSON.stringify(lines).includes("s\u00e9cret")], [[], false]);
});

test("a message of a stream that is a little too large is refused under its id and the stream goes on", async (t) => {
  const { client } = await open(t, { gzip: false });
  const stream = client.scoreStream();
  const answers: wire.ScoreStreamResponse[] = [];
  stream.on("data", (answer: wire.ScoreStreamResponse) => answers.push(answer));
  stream.write(streamRequestProto("large", "x".repeat(LIMIT)));
  stream.write(streamRequestProto("small", "x"));
  stream.end();
  await new Promise((resolve) => stream.on("end", resolve));
  const outcomes = answers.map(({ id, outcome }) => [id, outcome?.$case === "error" ? outcome.value.reason : "scored"]).sort();
  assert.deepEqual(outcomes, [
    ["large", "TOO_LARGE"],
    ["small", "scored"],
  ]);
});

test("a message of a stream that is far too large ends the stream with all details", async (t) => {
  const { client } = await open(t, { gzip: false });
  const metadata = new Metadata();
  metadata.set("x-request-id", "stream");
  const stream = client.scoreStream(metadata);
  stream.resume();
  const ended = new Promise((resolve) => stream.on("error", resolve));
  stream.write(streamRequestProto("huge", "x".repeat(1 << 20)));
  assertTooLarge(await ended, "stream");
});

test("every method that takes many elements is bounded in them, and takes more where more candidates are allowed", async (t) => {
  const bytesOf = (field: number) => Buffer.alloc(2 * 300_000, Uint8Array.of((field << 3) | 2, 0));
  const methods: [path: string, bytes: Buffer][] = [
    ["/rewardgate.v1.RewardService/Score", bytesOf(2)],
    ["/inference.GRPCInferenceService/ModelInfer", bytesOf(7)],
    ["/tei.v1.Rerank/Rerank", bytesOf(2)],
  ];
  for (const [maxCandidates, wanted] of [
    [32_768, "262144"],
    [37_500, undefined],
  ] as const) {
    const wires = { tei: { panel: "chat", path: "/predict", onFailure: "error" } } as const;
    const { client, close } = await openGrpc({ limits: { maxCandidates }, wires, openInference: lengthModel() });
    t.after(close);
    for (const [path, bytes] of methods) {
      const error = await new Promise<ServiceError | null>((resolve) =>
        client.makeUnaryRequest(
          path,
          (given: Buffer) => given,
          (got) => got,
          bytes,
          resolve,
        ),
      );
      const { reason, metadata } = detailsOf(error!).info!;
      assert.equal(
        reason === "TOO_LARGE" && metadata.field === undefined ? metadata.limit : undefined,
        wanted,
        `${path}: ${error!.message}`,
      );
    }
  }
});
