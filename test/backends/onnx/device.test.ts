import assert from "node:assert/strict";
import test from "node:test";
import { cudaMissing, DEVICE_PATTERN, describeDevice, deviceEnvironment, parseDevice } from "../../../src/backends/onnx/device.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

test("parseDevice(text) reads cpu, cuda and cuda:N, and describeDevice(device) writes them back", () => {
  assert.deepEqual(parseDevice("cpu"), { type: "cpu" });
  assert.deepEqual(parseDevice("cuda"), { type: "cuda", index: 0 });
  assert.deepEqual(parseDevice("cuda:3"), { type: "cuda", index: 3 });
  assert.equal(describeDevice(parseDevice("cuda")), "cuda:0");
  for (const text of ["gpu", "cuda:", "cuda:-1", "cuda:01", "CPU", "cpu:0"]) assert.doesNotMatch(text, DEVICE_PATTERN);
});

test("deviceEnvironment(device, outer) shows an executor its own GPU, counted within the outer list", () => {
  const gpu = parseDevice("cuda:1");
  assert.equal(deviceEnvironment(gpu, {}).CUDA_VISIBLE_DEVICES, "1");
  assert.equal(deviceEnvironment(gpu, { CUDA_VISIBLE_DEVICES: "4, 6" }).CUDA_VISIBLE_DEVICES, "6");
  assert.equal(deviceEnvironment(parseDevice("cpu"), { PATH: "x" }).CUDA_VISIBLE_DEVICES, undefined);
  assert.throws(
    () => deviceEnvironment(gpu, { CUDA_VISIBLE_DEVICES: "4" }),
    (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID",
  );
});

test("cudaMissing(backend, device) says whose device is missing, what to run and what else to choose", () => {
  const error = cudaMissing("local", parseDevice("cuda:1"));
  assert.equal(error.reason, "CONFIG_INVALID");
  for (const part of [
    /"local"/,
    /cuda:1/,
    /checkout run `npm run setup:cuda`/,
    /image with CUDA \(target `cuda`/,
    /nvidia-smi/,
    /cuDNN/,
    /device: cpu/,
  ])
    assert.match(error.message, part);
});
