import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test, { after } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type ReplicaOptions, type ReplicaSet, startReplicas } from "../../../src/backends/onnx/replicas.ts";
import { BatchCrash } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { type TestBundle, type TestModelOptions, writeTestBundle } from "../../support/onnx-model.ts";
import { isAlive } from "../../support/processes.ts";
import { recordingTelemetry } from "../../support/scripted-service.ts";
import { settled } from "../../support/settled.ts";
import { idOf, POISON_WORD } from "../../support/tokenizer.ts";

const bundles: TestBundle[] = [];
const sets: ReplicaSet[] = [];
after(async () => {
  await Promise.all(sets.map((set) => set.close()));
  for (const bundle of bundles) bundle.remove();
});

const metrics = createMetrics({ version: "0", commit: "0" });
const batch = { ids: Int32Array.of(2, 20, 21, 3), lengths: Int32Array.of(4), candidateStarts: Int32Array.of(2) };

async function start(name: string, count: number, model: TestModelOptions, more: Partial<ReplicaOptions> = {}): Promise<ReplicaSet> {
  const bundle = writeTestBundle(model);
  bundles.push(bundle);
  metrics.declareBackend(name);
  const set = await startReplicas({
    plans: Array.from({ length: count }, () => ({ device: { type: "cpu" }, threads: 1 })),
    load: {
      type: "load",
      graphPath: bundle.graphPath,
      graphSha256: bundle.graphSha256,
      inputs: bundle.inputs,
      outputs: ["reward"],
      padId: 0,
    },
    name,
    hangTimeoutMs: 60_000,
    closeTimeoutMs: 5_000,
    metrics,
    ...more,
  });
  sets.push(set);
  return set;
}

async function restarts(backend: string, reason: "crash" | "hang"): Promise<number> {
  const { values } = await metrics.workerRestarts.get();
  return values.find(({ labels }) => labels.backend === backend && labels.reason === reason)!.value;
}

test("startReplicas(options) leaves the runtime's words about a model in the log, in one line without a stack", async () => {
  const { lines, log } = recordingTelemetry();
  const { tokenizerPath: graphPath, tokenizerSha256: graphSha256, ...bundle } = writeTestBundle({});
  bundles.push({ ...bundle, tokenizerPath: graphPath, tokenizerSha256: graphSha256 });
  const load = { type: "load", graphPath, graphSha256, inputs: bundle.inputs, outputs: ["reward"], padId: 0 } as const;
  await assert.rejects(start("no graph", 1, {}, { load, log }), { reason: "CONFIG_INVALID" });
  assert.equal(lines.length, 1);
  assert.match(String(lines[0]!.lastWords), /protobuf|parse|load model/i);
  assert.doesNotMatch(JSON.stringify(lines), /\bat .*\.ts:\d+/);
});

test("a process that cannot be started again leaves its last words in the log, where its error sends the reader", async () => {
  const { lines, log } = recordingTelemetry();
  const set = await start("wordless", 1, {}, { log });
  const { NODE_OPTIONS } = process.env;
  process.env.NODE_OPTIONS = "--no-such-option";
  try {
    process.kill(set.pids[0]!, "SIGKILL");
    await settled(() => lines.some(({ msg }) => /could not be started again/.test(String(msg))), "a start that failed");
  } finally {
    if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = NODE_OPTIONS;
  }
  const told = lines.find(({ msg }) => /could not be started again/.test(String(msg)))!;
  assert.match(JSON.stringify(told.err), /the log has its last words/);
  assert.match(String(told.lastWords), /--no-such-option is not allowed/);
  await settled(() => set.ready, "the process to be back");
});

test("run(batch) leaves the runtime's words about a text that the model refuses in the log, once it runs by itself", async () => {
  const { lines, log } = recordingTelemetry();
  const set = await start("refuses", 1, { withoutLastWord: true }, { log });
  const poison = { ids: Int32Array.of(2, idOf(POISON_WORD), 3), lengths: Int32Array.of(3), candidateStarts: Int32Array.of(1) };
  const withOther = { ids: Int32Array.of(...poison.ids, ...batch.ids), lengths: Int32Array.of(3, 4), candidateStarts: Int32Array.of(1, 2) };
  for (const refused of [withOther, poison]) await assert.rejects(set.run(refused), { reason: "BACKEND_REFUSED" });
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ["the model did not take a text"],
  );
  assert.match(String(lines[0]!.cause), /Gather/);
});

test("run(batch) rejects with a BatchCrash for the batch that a killed process was at, and runs those behind it elsewhere", async () => {
  const set = await start("killed", 1, {});
  const [expected] = await set.run(batch);
  for (let round = 1; round <= 5; round++) {
    // Stopped, so that it is at the first batch when it is killed.
    const killed = set.pids[0]!;
    process.kill(killed, "SIGSTOP");
    const running = set.run(batch);
    const behind = set.run(batch);
    const rejected = assert.rejects(running, (error) => error instanceof BatchCrash && error.reason === "BACKEND_UNAVAILABLE");
    process.kill(killed, "SIGKILL");
    await rejected;
    assert.deepEqual((await behind)[0], expected);
    await settled(() => set.pids.length === 1 && set.pids[0] !== killed, "another process");
    assert.equal(await restarts("killed", "crash"), round);
  }
  assert.deepEqual((await set.run(batch))[0], expected);
});

test("a process that does not answer in time is killed, counted as hung and replaced, and takes one batch with it", async () => {
  const set = await start("hung", 2, {}, { hangTimeoutMs: 3_000 });
  const [expected] = await set.run(batch);
  const stopped = set.pids[0]!;
  process.kill(stopped, "SIGSTOP");
  const outcomes = await Promise.allSettled([set.run(batch), set.run(batch), set.run(batch)]);
  const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value[0]] : []));
  assert.deepEqual(answers, [expected, expected]);
  assert.equal(await restarts("hung", "hang"), 1);
  assert.equal(await restarts("hung", "crash"), 0);
  await settled(() => set.pids.length === 2, "two processes again");
  assert.ok(!set.pids.includes(stopped));
});

test("an idle process is not taken for hung", async () => {
  const set = await start("idle", 1, {}, { hangTimeoutMs: 2_000 });
  await set.run(batch);
  const pids = set.pids;
  await setTimeout(2_500);
  assert.deepEqual(set.pids, pids);
});

test("onReadiness(listener) hears the loss of the last process and its return", async () => {
  const set = await start("readiness", 1, {});
  const heard: boolean[] = [];
  const stopListening = set.onReadiness((ready) => heard.push(ready));
  process.kill(set.pids[0]!, "SIGKILL");
  await settled(() => heard.length === 2, "the process to be back");
  assert.deepEqual(heard, [false, true]);
  stopListening();
  await set.close();
  assert.deepEqual(heard, [false, true]);
});

test("processes ignore a hang-up of the terminal, which the parent decides about", async () => {
  const set = await start("hung up", 1, {});
  process.kill(set.pids[0]!, "SIGHUP");
  assert.equal((await set.run(batch)).length, 1);
  assert.equal(await restarts("hung up", "crash"), 0);
});

test("processes ignore SIGINT and SIGTERM, which the parent decides about", async () => {
  const set = await start("signalled", 1, {});
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.kill(set.pids[0]!, signal);
  assert.equal((await set.run(batch)).length, 1);
  assert.equal(await restarts("signalled", "crash"), 0);
});

test("run(batch) spreads batches over replicas, the one with least work first", async () => {
  const set = await start("spread", 2, {});
  await Promise.all([set.run(batch), set.run(batch)]);
  // With one replica stopped, only work given to the other can end.
  process.kill(set.pids[1]!, "SIGSTOP");
  const ends: number[] = [];
  const running = [0, 1, 2, 3].map((n) => set.run(batch).then(() => ends.push(n)));
  await settled(() => ends.length === 2, "one replica to do its share");
  await setTimeout(100);
  assert.equal(ends.length, 2);
  process.kill(set.pids[1]!, "SIGCONT");
  await Promise.all(running);
});

test("startReplicas(options) ends those that started when one does not", async () => {
  const device = { type: "cuda", index: 99 } as const;
  const plans = [
    { device: { type: "cpu" } as const, threads: 1 },
    { device, threads: 1 },
  ];
  const children = () => process.getActiveResourcesInfo().filter((kind) => kind === "ProcessWrap").length;
  const before = children();
  await assert.rejects(start("partial", 1, {}, { plans }), (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID");
  await settled(() => children() === before, "no process to be left over");
});

test("processes end when the process that started them is killed", async () => {
  const bundle = writeTestBundle();
  bundles.push(bundle);
  const owner = fileURLToPath(new URL("../../support/backend-owner.ts", import.meta.url));
  const parent = spawn(process.execPath, ["--import", "tsx", owner, JSON.stringify(bundle)], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(parent.stdout.setEncoding("utf8"), "data");
  const pid = Number(line);
  assert.ok(isAlive(pid));
  parent.kill("SIGKILL");
  await settled(() => !isAlive(pid), "the end of the executor");
});
