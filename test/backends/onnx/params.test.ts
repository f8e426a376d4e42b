import assert from "node:assert/strict";
import test from "node:test";
import { z } from "zod";
import { parseDevice } from "../../../src/backends/onnx/device.ts";
import { listDevices, onnxParams, planExecutors } from "../../../src/backends/onnx/params.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

const devices = (...names: string[]) => names.map(parseDevice);
const plan = (names: string[], cores: number, more: { executors?: number; threadsPerExecutor?: number; threadsWhenAlone?: number } = {}) =>
  planExecutors({ name: "local", devices: devices(...names), threadsPerExecutor: 1, ...more }, cores);

test("onnxParams fills in the CPU and one thread, and refuses unknown keys and devices", () => {
  assert.deepEqual(onnxParams.parse({ type: "onnx" }), { type: "onnx", device: "cpu", threadsPerExecutor: 1 });
  assert.deepEqual(listDevices(onnxParams.parse({ type: "onnx", device: ["cuda:0", "cuda:1"] }).device), devices("cuda:0", "cuda:1"));
  assert.equal(listDevices("auto"), undefined);
  const refused = [{ device: "gpu" }, { device: [] }, { device: ["auto"] }, { executors: 0 }, { threads: 2 }, { maxPaddingRatio: 1 }];
  for (const keys of refused) assert.equal(onnxParams.safeParse({ type: "onnx", ...keys }).success, false, JSON.stringify(keys));
});

test("onnxParams takes the time after which a process counts as hung, for models whose longest text takes more than a minute", () => {
  const parsed = (hangTimeoutSeconds: number) => onnxParams.safeParse({ type: "onnx", hangTimeoutSeconds });
  assert.equal(parsed(600).data?.hangTimeoutSeconds, 600);
  for (const seconds of [0, 0.5, 3_601]) assert.equal(parsed(seconds).success, false);
});

test("onnxParams describes every key, for the reference and for editors", () => {
  const { properties } = z.toJSONSchema(onnxParams, { io: "input" });
  for (const [key, schema] of Object.entries(properties!)) assert.ok((schema as { description?: string }).description, key);
});

test("planExecutors(params, cores) fills the cores on a CPU and gives each GPU one process", () => {
  assert.equal(plan(["cpu"], 8).length, 8);
  assert.equal(plan(["cpu"], 8, { threadsPerExecutor: 3 }).length, 2);
  assert.equal(plan(["cpu"], 1, { threadsPerExecutor: 1 }).length, 1);
  assert.equal(plan(["cuda:0"], 8).length, 1);
  assert.deepEqual(
    plan(["cuda:0", "cuda:1"], 8).map(({ device }) => device),
    devices("cuda:0", "cuda:1"),
  );
  assert.equal(plan(["cpu", "cpu"], 8).length, 2);
});

test("planExecutors(params, cores) gives a batch that runs alone the threads of all, at most 8, in the first process", () => {
  const alone = (...args: Parameters<typeof plan>) => plan(...args).map(({ threadsWhenAlone }) => threadsWhenAlone);
  assert.deepEqual(alone(["cpu"], 2), [2, undefined]);
  assert.deepEqual(alone(["cpu"], 16, { threadsPerExecutor: 4 }), [8, undefined, undefined, undefined]);
  assert.deepEqual(alone(["cpu"], 16, { executors: 1, threadsWhenAlone: 16 }), [16]);
  assert.deepEqual(alone(["cpu"], 2, { threadsWhenAlone: 1 }), [undefined, undefined]);
  assert.deepEqual(alone(["cpu"], 4, { executors: 1, threadsPerExecutor: 4 }), [undefined], "it has them all anyway");
  assert.deepEqual(alone(["cuda:0", "cuda:1"], 8), [undefined, undefined]);
  assert.throws(() => plan(["cpu"], 4, { threadsWhenAlone: 5 }), /backend "local".*threadsWhenAlone: 5.*4 available cores.*lower/);
});

test("planExecutors(params, cores) refuses more threads than cores and says what to lower", () => {
  assert.equal(plan(["cpu"], 4, { executors: 2, threadsPerExecutor: 2 }).length, 2);
  assert.throws(
    () => plan(["cpu"], 4, { executors: 2, threadsPerExecutor: 3 }),
    (error) =>
      error instanceof GatewayError &&
      error.reason === "CONFIG_INVALID" &&
      /backend "local".*6 threads on 4 available cores.*lower/.test(error.message),
  );
});
