import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { GatewayError } from "../../../src/domain/errors.ts";
import type { ScoreRequest } from "../../../src/domain/score.ts";
import * as tei from "../../../src/gen/tei/v1/tei.ts";
import type { ConnectionLimits } from "../../../src/transport/grpc/server.ts";
import type { WireSettings } from "../../../src/transport/wires/index.ts";
import { detailsOf } from "../../support/grpc-status.ts";
import { resultOf, scriptedService } from "../../support/scripted-service.ts";
import { openGrpc, settled } from "../../support/servers.ts";

const templated = (text: string) => `<|im_start|>user\nSay hello.<|im_end|>\n<|im_start|>assistant\n${text}<|im_end|>\n`;

/** A gateway with the wire, and its clients. The reward is the length of the text, and `fail` has none. */
async function open(
  t: TestContext,
  answer: (request: ScoreRequest) => ReturnType<typeof resultOf> | Promise<ReturnType<typeof resultOf>> = resultOf,
  onFailure: WireSettings["onFailure"] = "error",
  connections: Partial<ConnectionLimits> = {},
) {
  const wires = { tei: { panel: "chat", path: "/predict", onFailure } };
  const opened = await openGrpc({ service: scriptedService(answer), wires, connections });
  const clients = [tei.InfoClient, tei.PredictClient, tei.RerankClient].map(
    (Client) => new Client(opened.address, credentials.createInsecure()),
  );
  t.after(async () => {
    for (const client of clients) client.close();
    await opened.close();
  });
  const [info, predict, rerank] = clients as [tei.InfoClient, tei.PredictClient, tei.RerankClient];
  const ask = <A>(call: (callback: (error: ServiceError | null, answer: A) => void) => unknown) =>
    new Promise<A>((resolve, reject) => void call((error, got) => (error === null ? resolve(got) : reject(error))));
  /** Everything that a stream answers, and how it ends. */
  const all = (stream: ReturnType<tei.PredictClient["predictStream"]> | ReturnType<tei.PredictClient["predictPairStream"]>) => {
    const scores: number[] = [];
    stream.on("data", ({ predictions }: tei.PredictResponse) => scores.push(predictions[0]!.score));
    return new Promise<{ scores: number[]; error: ServiceError | undefined }>((resolve) => {
      stream.on("error", (error: ServiceError) => resolve({ scores, error }));
      stream.on("end", () => resolve({ scores, error: undefined }));
    });
  };
  return { ...opened, info, predict, rerank, ask, all };
}

const text = (inputs: string) => tei.PredictRequest.fromPartial({ inputs });
const pair = (...inputs: string[]) => tei.PredictPairRequest.fromPartial({ inputs, rawScores: true });

test("a conversation and a pair have the panel's reward, and say what it took", async (t) => {
  const { predict, ask } = await open(t);
  const one = await ask<tei.PredictResponse>((done) => predict.predict(text(templated("Hello!")), done));
  assert.deepEqual(one.predictions, [{ score: 6, label: "reward" }]);
  const two = await ask<tei.PredictResponse>((done) => predict.predictPair(pair("Say hello.", "Hey"), done));
  assert.deepEqual([two.predictions, two.metadata!.computeChars], [[{ score: 3, label: "reward" }], 13]);
});

test("a stream answers in the order of its messages, however long each takes", async (t) => {
  let waits = 0;
  const { predict, all } = await open(t, async (request) => {
    await sleep([9, 0, 4, 1][waits++ % 4]);
    return resultOf(request);
  });
  const lengths = Array.from({ length: 300 }, (_, i) => i % 41);
  const texts = predict.predictStream();
  const pairs = predict.predictPairStream();
  const answers = Promise.all([all(texts), all(pairs)]);
  for (const length of lengths) {
    texts.write(text(templated("x".repeat(length))));
    pairs.write(pair("p", "x".repeat(length)));
  }
  texts.end();
  pairs.end();
  for (const { scores, error } of await answers) assert.deepEqual([scores, error], [lengths, undefined]);
});

test("the first failure ends a stream behind the answers before it, also while the client waits", async (t) => {
  const { predict, all } = await open(t);
  const stream = predict.predictPairStream();
  const ended = all(stream);
  for (const each of ["a", "bb", "fail", "dddd"]) stream.write(pair("p", each));
  const { scores, error } = await ended;
  assert.deepEqual([scores, error?.code], [[1, 2], status.INTERNAL]);
});

test("texts are ranked by reward, in one message or in many", async (t) => {
  const { rerank, ask } = await open(t);
  const texts = ["bb", "dddd", "a", "cc"];
  const request = tei.RerankRequest.fromPartial({ query: "p", texts, returnText: true });
  const { ranks } = await ask<tei.RerankResponse>((done) => rerank.rerank(request, done));
  assert.deepEqual(ranks, [
    { index: 1, text: "dddd", score: 4 },
    { index: 0, text: "bb", score: 2 },
    { index: 3, text: "cc", score: 2 },
    { index: 2, text: "a", score: 1 },
  ]);
  const streamed = await ask<tei.RerankResponse>((done) => {
    const stream = rerank.rerankStream(done);
    for (const each of texts) stream.write(tei.RerankStreamRequest.fromPartial({ query: "p", text: each }));
    stream.end();
  });
  assert.deepEqual(
    streamed.ranks,
    ranks.map(({ index, score }) => ({ index, text: undefined, score })),
  );
});

test("a failure is a status, with the time to wait where it may pass, and no number", async (t) => {
  const { predict, rerank, ask } = await open(t);
  await assert.rejects(
    ask((done) => predict.predictPair(pair("p", "fail"), done)),
    { code: status.INTERNAL },
  );
  await assert.rejects(
    ask((done) => rerank.rerank(tei.RerankRequest.fromPartial({ query: "p", texts: ["a", "fail"] }), done)),
    { code: status.INTERNAL },
  );
  const busy = await open(t, () => {
    throw new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 250 } });
  });
  const error = await ask((done) => busy.predict.predictPair(pair("p", "x"), done)).then(
    () => assert.fail(),
    (thrown: ServiceError) => thrown,
  );
  assert.equal(error.code, status.UNAVAILABLE);
  assert.deepEqual(error.metadata.get("grpc-retry-pushback-ms"), ["250"]);
  assert.equal(detailsOf(error).info?.reason, "QUEUE_FULL");
  const stated = await open(t, resultOf, { reward: -1 });
  const answer = await ask<tei.PredictResponse>((done) => stated.predict.predictPair(pair("p", "fail"), done));
  assert.equal(answer.predictions[0]!.score, -1);
});

test("what says nothing to judge is refused", async (t) => {
  const { predict, rerank, ask } = await open(t);
  const invalid = { code: status.INVALID_ARGUMENT };
  await assert.rejects(
    ask((done) => predict.predict(text("plain"), done)),
    invalid,
  );
  await assert.rejects(
    ask((done) => predict.predictPair(pair("p"), done)),
    invalid,
  );
  await assert.rejects(
    ask((done) => rerank.rerank(tei.RerankRequest.fromPartial({ query: "p" }), done)),
    invalid,
  );
  const mixed = (queries: string[]) =>
    ask((done) => {
      const stream = rerank.rerankStream(done);
      for (const query of queries) stream.write(tei.RerankStreamRequest.fromPartial({ query, text: "x" }));
      stream.end();
    });
  await assert.rejects(mixed([]), invalid);
  await assert.rejects(mixed(["p", "q"]), invalid);
});

test("a rerank of more texts or bytes than may be sent is refused before it ends", async (t) => {
  const { rerank, ask } = await open(t);
  const send = (count: number, each: string) =>
    ask((done) => {
      const stream = rerank.rerankStream(done);
      stream.on("error", () => {});
      for (let i = 0; i < count; i++) stream.write(tei.RerankStreamRequest.fromPartial({ query: "p", text: each }));
    });
  await assert.rejects(send(4097, "x"), { code: status.RESOURCE_EXHAUSTED });
  await assert.rejects(send(5, "x".repeat(1 << 20)), { code: status.RESOURCE_EXHAUSTED });
});

test("streams that wait for their client end when the gateway drains", async (t) => {
  const { predict, rerank, ask, all, server } = await open(t);
  const stream = predict.predictStream();
  const first = new Promise((resolve) => stream.once("data", resolve));
  const ended = all(stream);
  const collecting = ask((done) => rerank.rerankStream(done).write(tei.RerankStreamRequest.fromPartial({ query: "p", text: "x" }))).then(
    () => assert.fail(),
    (thrown: ServiceError) => thrown.code,
  );
  stream.write(text(templated("Hi")));
  await first;
  const drained = server.drain();
  assert.deepEqual([(await ended).error?.code, await collecting], [status.UNAVAILABLE, status.UNAVAILABLE]);
  await drained;
});

test("streams that bring nothing for too long end with DEADLINE_EXCEEDED", async (t) => {
  const { predict, rerank, ask, all, lines } = await open(t, resultOf, "error", { streamIdleMs: 2000 });
  const ended = all(predict.predictStream());
  const collecting = ask((done) => rerank.rerankStream(done).write(tei.RerankStreamRequest.fromPartial({ query: "p", text: "x" })));
  await assert.rejects(collecting, { code: status.DEADLINE_EXCEEDED });
  assert.equal((await ended).error?.code, status.DEADLINE_EXCEEDED);
  await settled(() => lines.length === 2);
  assert.deepEqual(new Set(lines.map(({ code }) => code)), new Set(["DEADLINE_EXCEEDED"]));
});

test("Info names the panel and its bounds", async (t) => {
  const { info, ask } = await open(t);
  const answer = await ask<tei.InfoResponse>((done) => info.info({}, done));
  assert.deepEqual(
    [answer.modelId, answer.modelSha, answer.version, answer.maxClientBatchSize, answer.modelType],
    ["chat", "sha256:bb", "9.9.9", 4096, tei.ModelType.MODEL_TYPE_CLASSIFIER],
  );
});
