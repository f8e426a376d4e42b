import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import * as oip from "../../../src/gen/inference/grpc_service.ts";
import { bytesOf, type Tensor, tensorOfBytes } from "../../../src/open-inference/tensor.ts";
import { lengthModel } from "../../support/open-inference.ts";
import { openGrpc } from "../../support/servers.ts";

async function open(t: TestContext) {
  const openInference = lengthModel();
  const { address, close } = await openGrpc({ openInference });
  const client = new oip.GRPCInferenceServiceClient(address, credentials.createInsecure());
  t.after(async () => {
    client.close();
    await close();
  });
  const settle =
    <A>(resolve: (answer: A) => void, reject: (error: ServiceError) => void) =>
    (error: ServiceError | null, answer: A) =>
      error === null ? resolve(answer) : reject(error);
  const infer = (request: object) =>
    new Promise<oip.ModelInferResponse>((resolve, reject) =>
      client.modelInfer(oip.ModelInferRequest.fromPartial({ modelName: "reward_model", ...request }), settle(resolve, reject)),
    );
  const ask = <A>(call: (callback: (error: ServiceError | null, answer: A) => void) => unknown) =>
    new Promise<A>((resolve, reject) => void call(settle(resolve, reject)));
  return { client, infer, ask, ...openInference };
}

const texts = (name: string, elements: readonly string[]) => ({ name, datatype: "BYTES" as const, shape: [elements.length, 1], elements });
const rewardsOf = ({ outputs, rawOutputContents }: oip.ModelInferResponse) =>
  outputs.map(({ name, datatype, shape }, i) => tensorOfBytes(name, datatype as "FP32", shape, rawOutputContents[i]!).elements);

test("typed and raw tensors are scored alike", async (t) => {
  const { infer } = await open(t);
  const tensors = [texts("prompt", ["p", "q"]), texts("response", ["bb", "dddd"])];
  const inputs = tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
  const typed = tensors.map(({ elements }, i) => ({
    ...inputs[i],
    contents: { bytesContents: elements.map((text) => Buffer.from(text)) },
  }));
  const answer = await infer({ id: "9", inputs: typed });
  assert.deepEqual([answer.id, answer.modelVersion, rewardsOf(answer)], ["9", "1", [[2, 4]]]);
  const raw = tensors.map((tensor) => Buffer.from(bytesOf(tensor)));
  assert.deepEqual(rewardsOf(await infer({ inputs, rawInputContents: raw, outputs: [{ name: "valid" }, { name: "rewards" }] })), [
    [true, true],
    [2, 4],
  ]);
});

test("tokens are read, typed and raw, and numbers below zero or beyond 32 bits are no fault of the bytes", async (t) => {
  const { infer } = await open(t);
  const ids = [..."<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello!<|im_end|>"].map((mark) => mark.codePointAt(0)!);
  const padded = [...ids, -1, 2 ** 40];
  const inputs = [
    { name: "tokens", datatype: "INT64", shape: [1, padded.length] },
    { name: "sequence_lengths", datatype: "INT32", shape: [1, 1] },
  ];
  const parameters = { timeout: { parameterChoice: { $case: "int64Param", value: 2 ** 40 } } };
  const typed = [{ contents: { int64Contents: padded } }, { contents: { intContents: [ids.length] } }];
  assert.deepEqual(rewardsOf(await infer({ parameters, inputs: inputs.map((input, i) => ({ ...input, ...typed[i] })) })), [[6]]);
  const raw = [padded, [ids.length]].map((elements, i) => Buffer.from(bytesOf({ ...inputs[i]!, elements } as Tensor)));
  assert.deepEqual(rewardsOf(await infer({ inputs, rawInputContents: raw })), [[6]]);
  const short = { int64Contents: padded.slice(1) };
  await assert.rejects(infer({ inputs: [{ ...inputs[0], contents: short }, inputs[1]] }), { code: status.INVALID_ARGUMENT });
});

test("a row without a reward fails the call with the gateway's status, and a request that is wrong is an invalid argument", async (t) => {
  const { infer } = await open(t);
  const inputs = (response: string) =>
    [texts("prompt", ["p"]), texts("response", [response])].map(({ elements, ...tensor }) => ({
      ...tensor,
      contents: { bytesContents: elements.map((text) => Buffer.from(text)) },
    }));
  const code = (wanted: number) => (error: ServiceError) => error.code === wanted;
  await assert.rejects(infer({ inputs: inputs("fail") }), code(status.INTERNAL));
  await assert.rejects(infer({ inputs: inputs("x"), rawInputContents: [Buffer.alloc(0)] }), code(status.INVALID_ARGUMENT));
  await assert.rejects(infer({ modelName: "other", inputs: inputs("x") }), code(status.NOT_FOUND));
  await assert.rejects(infer({ inputs: [] }), code(status.INVALID_ARGUMENT));
});

test("the model is described, and is ready when its judges are", async (t) => {
  const { client, ask, setReady } = await open(t);
  const ready = () => ask<oip.ModelReadyResponse>((callback) => client.modelReady({ name: "reward_model", version: "" }, callback));
  assert.equal((await ask<oip.ServerLiveResponse>((callback) => client.serverLive({}, callback))).live, true);
  assert.equal((await ready()).ready, true);
  setReady(false);
  assert.equal((await ready()).ready, false);
  assert.equal((await ask<oip.ServerReadyResponse>((callback) => client.serverReady({}, callback))).ready, false);
  const metadata = await ask<oip.ModelMetadataResponse>((callback) =>
    client.modelMetadata({ name: "reward_model", version: "1" }, callback),
  );
  assert.deepEqual(metadata.outputs[0], { name: "rewards", datatype: "FP32", shape: [-1, 1] });
  const { config } = await ask<oip.ModelConfigResponse>((callback) => client.modelConfig({ name: "reward_model", version: "" }, callback));
  assert.deepEqual(config!.output, [{ name: "rewards", dataType: oip.DataType.TYPE_FP32, dims: [1] }]);
  assert.equal(config!.input[0]!.optional, true);
  assert.equal((await ask<oip.ServerMetadataResponse>((callback) => client.serverMetadata({}, callback))).name, "rewardgate");
});
