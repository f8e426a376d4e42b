import assert from "node:assert/strict";
import { after, test } from "node:test";
import { status as GRPC } from "@grpc/grpc-js";
import { createTritonBackend } from "../../../src/backends/triton/backend.ts";
import { tritonParams } from "../../../src/backends/triton/params.ts";
import type { Call, PreparedCall } from "../../../src/domain/backend.ts";
import { ENGINE_SHAPES, startEngineDouble, tritonMetadata } from "../../support/engine-doubles.ts";
import { startTritonGrpcDouble } from "../../support/grpc-engine-doubles.ts";
import { manualClock } from "../../support/manual-clock.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

test("texts go in the tensor that the model describes, and the one output is asked for", async () => {
  const shape = {
    ...ENGINE_SHAPES.tritonInfer,
    described: (model: string) => ({ "/v2/models/rm/versions/3": tritonMetadata(model) }),
    path: "/v2/models/rm/versions/3/infer",
  };
  const double = await startEngineDouble(shape, "rm");
  cleanups.push(() => double.close());
  const written = { type: "triton", url: double.url, model: "rm", version: "3", addedTokens: { start: "<s>" } };
  const { type: _, ...params } = tritonParams.parse(written);
  const backend = await createTritonBackend({ ...params, name: "rm", clock: manualClock(), random: () => 0.5 });
  cleanups.push(() => backend.close(0));
  const call: Call = {
    type: "forward",
    overlong: "error",
    segments: [
      { text: "<s>", origin: "control" },
      { text: "hello", origin: "candidate" },
    ],
  };
  const [prepared] = await backend.prepare([call]);
  const [result] = await backend.run([prepared as PreparedCall]);
  assert.deepEqual(result!.outputs.scores, Float32Array.of(5 / 8 - 4));
  assert.deepEqual(double.calls.at(-1), {
    path: "/v2/models/rm/versions/3/infer",
    body: {
      inputs: [{ name: "sentences", datatype: "BYTES", shape: [1, 1], data: ["hello"] }],
      outputs: [{ name: "rewards", parameters: { binary_data: false } }],
    },
  });
});

for (const [wire, start, status] of [
  ["HTTP", () => startEngineDouble(ENGINE_SHAPES.tritonInfer, "rm"), 404],
  ["gRPC", () => startTritonGrpcDouble("rm"), GRPC.NOT_FOUND],
] as const) {
  test(`over ${wire} no call is lost to a server that has unloaded its model, while another has it`, async () => {
    const [well, ill] = [await start(), await start()];
    cleanups.push(well.close, ill.close);
    const { type: _, ...params } = tritonParams.parse({ type: "triton", url: [well.url, ill.url], model: "rm" });
    const backend = await createTritonBackend({ ...params, name: "rm", clock: manualClock(), random: () => 0.5 });
    cleanups.push(() => backend.close(0));
    ill.fault = { refusal: { status, error: { error: "Request for unknown model: 'rm' is not found" } } };
    const call: Call = { type: "forward", overlong: "error", segments: [{ text: "hello", origin: "candidate" }] };
    for (let n = 0; n < 40; n++) {
      const [result] = await backend.run((await backend.prepare([call])) as PreparedCall[]);
      assert.deepEqual(result!.outputs.scores, Float32Array.of(5 / 8 - 4));
    }
  });
}

for (const [wire, start, status] of [
  ["HTTP", () => startEngineDouble(ENGINE_SHAPES.tritonInfer, "rm"), 400],
  ["gRPC", () => startTritonGrpcDouble("rm"), GRPC.INVALID_ARGUMENT],
] as const) {
  test(`over ${wire} a bad request that is the server's own failure is never the caller's fault, and a model that loads is asked for again`, async () => {
    const [well, ill] = [await start(), await start()];
    cleanups.push(well.close, ill.close);
    const { type: _, ...params } = tritonParams.parse({ type: "triton", url: [well.url, ill.url], model: "rm" });
    const backend = await createTritonBackend({ ...params, name: "rm", clock: manualClock(), random: () => 0.5 });
    cleanups.push(() => backend.close(0));
    const call: Call = { type: "forward", overlong: "error", segments: [{ text: "hello", origin: "candidate" }] };
    const ask = async () => backend.run((await backend.prepare([call])) as PreparedCall[]);
    for (const double of [well, ill]) double.fault = { refusal: { status, error: { error: "CUDA out of memory" } } };
    await assert.rejects(ask(), { reason: "BACKEND_REFUSED" });
    well.fault = {};
    ill.fault = { refusal: { status, error: { error: "Model rm is not ready yet." } } };
    for (let n = 0; n < 40; n++) assert.deepEqual((await ask())[0]!.outputs.scores, Float32Array.of(5 / 8 - 4));
  });
}

test("the configuration takes addresses of either protocol but not of both, and a name that is a part of a path", () => {
  const base = { type: "triton", model: "rm" };
  for (const url of ["http://a:1", "https://a:1", "grpc://a:1", "grpcs://a:1"])
    assert.equal(tritonParams.safeParse({ ...base, url }).success, true, url);
  assert.equal(tritonParams.safeParse({ ...base, url: "ftp://a:1" }).success, false);
  assert.equal(tritonParams.safeParse({ ...base, url: ["http://a:1", "grpc://a:2"] }).success, false);
  assert.equal(tritonParams.safeParse({ ...base, url: "http://a:1", model: "a/../b" }).success, false);
});
