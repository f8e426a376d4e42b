import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Gateway, openGateway } from "../../src/app.ts";
import { availableCores, createOnnxBackend, type OnnxBackend } from "../../src/backends/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import type { CallResult, PreparedCall } from "../../src/domain/backend.ts";
import type { Message } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS } from "../../src/domain/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { readJsonLines } from "../support/json-lines.ts";
import { assertReproduced } from "../support/processor.ts";

/** The models that ship, held to the scores that Python's ONNX Runtime gave for the same rows when they were recorded. */
interface PythonRow {
  readonly id: string;
  readonly prompt: readonly Message[];
  readonly candidate: string;
  readonly reward: number;
  readonly objectives: readonly number[];
  readonly gating: readonly number[];
  readonly tokens: number;
}

const FILE = fileURLToPath(new URL("../../rewardgate.yaml", import.meta.url));
const rows = readJsonLines<PythonRow>(gunzipSync(readFileSync(new URL("../golden/chat-scores.jsonl.gz", import.meta.url))).toString());
/** The kind of processor that `chat.golden` ran on. */
const RECORDED_ON = "avx2";
const items = rows.map(({ id, prompt, candidate }) => ({ id, prompt, candidates: [{ content: candidate }] }));

let gateway: Gateway;
let backend: OnnxBackend;
let prepared: PreparedCall[];
before(async () => {
  const config = await loadConfig({ file: FILE, variables: {} });
  gateway = await openGateway(config, { log: createLogger({ level: "silent" }) });
  const { judges, backends } = await resolve(config);
  backend = await createOnnxBackend({ ...backends[0]!.onnx, name: "compositions" });
  const calls = items.flatMap((item) => judges[0]!.goldenJudge.encode(item).flatMap((ask) => ask.calls));
  prepared = (await backend.prepare(calls)).map((call) => {
    if (call instanceof Error) throw call;
    return call;
  });
});
after(async () => {
  await gateway?.close();
  await backend?.close();
});

test("200 real rows score as recorded, within 1e-5 on the kind of processor of the record and near it on others, tokens and all", async () => {
  const { results } = await gateway.service.score(
    { panel: "chat", items, options: DEFAULT_OPTIONS },
    { requestId: "test", transport: "cli", signal: new AbortController().signal },
  );
  assert.equal(rows.length, 200);
  const differences: number[] = [];
  for (const [index, row] of rows.entries()) {
    const { judges } = results[index]!.candidates[0]!;
    const [objectives, reward] = [judges.find((part) => part.objectives)!, judges.find((part) => !part.objectives)!];
    assert.equal(reward.tokens, row.tokens, row.id);
    const computed = [reward.raw!, ...Object.values(objectives.objectives!), ...Object.values(objectives.gating!)];
    const recorded = [row.reward, ...row.objectives, ...row.gating];
    assert.equal(computed.length, recorded.length);
    for (const [position, value] of computed.entries()) differences.push(Math.abs(value - recorded[position]!));
  }
  assertReproduced(differences, RECORDED_ON);
});

test("a judge that sits in no panel is not opened", async () => {
  const { judges } = await resolve(await loadConfig({ file: FILE, variables: {} }));
  assert.ok(judges.some(({ judge }) => judge.name === "chat-group"));
  assert.deepEqual(
    gateway.service
      .judges()
      .map(({ name }) => name)
      .sort(),
    ["chat-objectives", "chat-reward"],
  );
});

test("over 1,000 random batches no score moves by more than 1e-5 with batch-mates or padding", async () => {
  const alone = new Map<PreparedCall, CallResult>();
  await eachInLanes(prepared, async (call) => void alone.set(call, (await backend.run([call]))[0]!));
  const random = seededRandom(1);
  // Mostly short texts, so that a thousand batches take a minute; one in ten batches mixes in the longest.
  const short = prepared.filter(({ tokens }) => tokens <= 120);
  assert.ok(short.length >= 50);
  let largest = 0;
  const batches = Array.from({ length: 1000 }, (_, index) => {
    const pool = index % 10 === 0 ? prepared : short;
    return Array.from({ length: 2 + Math.floor(random() * 5) }, () => pool[Math.floor(random() * pool.length)]!);
  });
  await eachInLanes(batches, async (batch) => {
    const results = await backend.run(batch);
    for (const [position, call] of batch.entries()) {
      for (const [name, values] of Object.entries(results[position]!.outputs)) {
        const own = alone.get(call)!.outputs[name]!;
        assert.equal(values.length, own.length);
        for (const [place, value] of values.entries()) largest = Math.max(largest, Math.abs(value - own[place]!));
      }
    }
  });
  assert.ok(largest <= 1e-5, `largest difference ${largest}`);
});

test("a text that has the backend to itself scores on several threads, to the bit, what it scores on one", {
  skip: availableCores() < 2,
}, async () => {
  const { backends } = await resolve(await loadConfig({ file: FILE, variables: {} }));
  const threaded = await createOnnxBackend({ ...backends[0]!.onnx, name: "threads", executors: 1, threadsWhenAlone: 2 });
  try {
    const run = async (alone: boolean) => {
      const context = { signal: new AbortController().signal, remainingMs: () => Number.POSITIVE_INFINITY, alone };
      const before = timesHelped(threaded.pids[0]!);
      const results: CallResult[] = [];
      for (const call of prepared) results.push(...(await threaded.run([call], context)));
      return { results, helped: timesHelped(threaded.pids[0]!) - before };
    };
    const [narrow, wide] = [await run(false), await run(true)];
    assert.deepEqual(wide.results, narrow.results);
    if (process.platform === "linux")
      assert.ok(wide.helped - narrow.helped >= prepared.length, `${narrow.helped} and ${wide.helped} times`);
  } finally {
    await threaded.close();
  }
});

/** How often threads of a process beside its first have been on a core. */
function timesHelped(pid: number): number {
  if (process.platform !== "linux") return 0;
  const others = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== `${pid}`);
  return others.reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[2]), 0);
}

/** Runs `work` for each value, as many at once as the backend takes. */
async function eachInLanes<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const queue = [...values];
  await Promise.all(
    Array.from({ length: backend.limits.concurrency }, async () => {
      for (let value = queue.pop(); value !== undefined; value = queue.pop()) await work(value);
    }),
  );
}

function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
