import assert from "node:assert/strict";
import { test } from "node:test";
import { crowdedCores, shareCores } from "../../../src/backends/onnx/share-cores.ts";

const cpu = { device: "cpu", threadsPerExecutor: 1 } as const;

function executors(cores: number, ...plans: Parameters<typeof shareCores>[0]) {
  return shareCores(plans, cores).map((plan) => plan.executors);
}

test("shareCores(plans, cores) leaves a lone model to fill the machine by itself", () => {
  assert.deepEqual(shareCores([cpu], 8), [cpu]);
});

test("models that share the CPU get even shares, and at least one executor each", () => {
  assert.deepEqual(executors(8, cpu, cpu), [4, 4]);
  assert.deepEqual(executors(8, cpu, cpu, cpu), [2, 2, 2]);
  assert.deepEqual(executors(2, cpu, cpu, cpu), [1, 1, 1]);
  assert.deepEqual(executors(8, cpu, { ...cpu, threadsPerExecutor: 2 }), [4, 2]);
});

test("a model on device auto shares the CPU where there is nothing else, and one on a list of the CPU alone does too", () => {
  const plans: Parameters<typeof shareCores>[0] = [{ ...cpu, device: "auto" }, cpu, { ...cpu, device: ["cpu"] }];
  const shares = (hasCuda: boolean) => shareCores(plans, 9, hasCuda).map(({ executors }) => executors);
  assert.deepEqual(shares(false), [3, 3, 3]);
  assert.deepEqual(shares(true), [undefined, 4, 4]);
});

test("stated executors are kept and their threads are not given away, and a GPU's model takes no share", () => {
  const gpu = { device: "cuda:0", threadsPerExecutor: 1 } as const;
  assert.deepEqual(executors(8, { ...cpu, executors: 4 }, cpu, gpu, cpu), [4, 2, undefined, 2]);
  assert.deepEqual(executors(8, { ...cpu, executors: 5 }, cpu), [5, 3]);
  assert.deepEqual(executors(8, { ...cpu, executors: 5 }, gpu), [5, undefined]);
  assert.deepEqual(executors(8, { ...cpu, executors: 2, threadsPerExecutor: 3 }, cpu), [2, 2]);
});

test("models that state more executors together than there are cores are named, and those that fit, share or have a GPU are not", () => {
  const named = (name: string, executors?: number, device = "cpu") => ({ name, device, threadsPerExecutor: 1, executors });
  const crowded = (...plans: Parameters<typeof crowdedCores>[0]) => crowdedCores(plans, 4, true);
  const said = "the executors of a, b are 6 threads together on 4 available cores, which slows all of them";
  assert.equal(crowded(named("a", 3), named("b", 3), named("c"), named("d", 3, "cuda:0")), said);
  assert.equal(crowded(named("a", 2), named("b", 2), named("c")), undefined);
  assert.equal(crowded(named("a", 3), named("b"), named("c", 3, "auto")), undefined);
  assert.equal(crowded(named("a", 5), named("b")), undefined);
  assert.match(crowded({ ...named("a", 1), threadsPerExecutor: 4 }, named("b", 1))!, /are 5 threads together/);
});
