import { type ChildProcess, fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Item } from "../src/domain/item.ts";
import { type CacheUse, DEFAULT_OPTIONS } from "../src/domain/score.ts";
import { type Bare, idealBatches, openBare } from "./bare.ts";
import type { ClientAnswer, ClientJob } from "./client-process.ts";
import { chunk, itemsOf, mixedTexts } from "./corpus.ts";
import { grpcCaller } from "./grpc-caller.ts";
import { createLogger, loadConfig, openGateway } from "./product.ts";
import { openSequences } from "./sequences.ts";

/**
 * One table of ratios, everything interleaved in one run against bare ONNX Runtime on the same texts and as many threads.
 * Absolute rates of a shared machine say little; ratios within a round say much.
 */
const { values: flags } = parseArgs({
  options: {
    config: { type: "string", default: "rewardgate.yaml" },
    candidates: { type: "string", default: "768" },
    rounds: { type: "string", default: "3" },
    out: { type: "string" },
  },
});
const N = Number(flags.candidates);
const SEED = 7;
/** Texts that lead in each measurement, so that what idled while another was measured is awake. */
const LEAD_IN = 128;
/** What is cached is sent so often before and while it is measured: after a minute of idleness the compiler takes most of the first second. */
const CACHED = { leadIn: 20, repeat: 120 };
/** Single callers send the set so often: a few seconds after the other modes, the compiler still has its share of their calls. */
const SINGLE_REPEAT = 3;
const texts = mixedTexts(N, SEED);
const config = await loadConfig({ file: flags.config, variables: process.env });
const { sequences, graphPath, outputs, executors } = await openSequences(config, itemsOf(texts));

const gateway = fork(new URL("./gateway-process.ts", import.meta.url), [flags.config], { serialization: "advanced" });
const client = fork(new URL("./client-process.ts", import.meta.url), { serialization: "advanced" });
await ready(gateway);
const addresses = await ask<{ http: string; grpc: string }>(gateway, "addresses");
const engine = await openGateway(config, { log: createLogger({ level: "error" }) });
const bare = await openBare(graphPath, outputs, { processes: executors, threads: 1 });

interface Sample {
  readonly rate: number;
  readonly cpuPerCandidate?: number;
  readonly loopP99Ms?: number;
}
const samples = new Map<string, Sample[]>();
const note = (mode: string, sample: Sample) => samples.set(mode, [...(samples.get(mode) ?? []), sample]);

const budget = await bestBudget(bare);
process.stderr.write(`bare ONNX Runtime: ${executors} × 1 thread, best token budget ${budget}\n`);
const lone = new Map<number, Lone[]>([executors, 1].map((threads) => [threads, []]));
await warmUp();
for (let round = 0; round < Number(flags.rounds); round++) {
  process.stderr.write(`round ${round + 1} of ${flags.rounds}\n`);
  await measureBare("bare session.run", idealBatches(sequences, budget));
  await measureEngine();
  await measureWire("gRPC, 256 a request", { transport: "grpc", perRequest: 256, callers: 4 });
  await measureBare("bare session.run", idealBatches(sequences, budget));
  await measureWire("HTTP, 256 a request", { transport: "http", perRequest: 256, callers: 4 });
  await measureWire("gRPC, 64 callers × 1", { transport: "grpc", perRequest: 1, callers: 64, repeat: SINGLE_REPEAT });
  await measureWire("HTTP, 64 callers × 1", { transport: "http", perRequest: 1, callers: 64, repeat: SINGLE_REPEAT });
  await measureBare("naive first-in-first-out, 32 a batch", chunk(sequences, 32));
  for (const transport of ["grpc", "http"] as const) {
    for (const detail of ["reward", "full"] as const) {
      const job = { transport, detail, perRequest: 256, callers: 4, cache: "use", repeat: CACHED.repeat } as const;
      await measureWire(`cached, ${transport === "grpc" ? "gRPC" : "HTTP"} 256 a request, detail ${detail}`, job);
    }
  }
  await measureCachedEngine();
  for (const [threads, times] of lone) times.push(await measureLone(threads));
}
report();
bare.close();
client.disconnect();
gateway.send("stop");
await engine.close();

/**
 * A training run asks for hours: what the compiler takes in the first thousands of calls is not what such a run pays. Texts that are scored and
 * texts that are in the cache take different ways, so both are warmed.
 */
async function warmUp(): Promise<void> {
  process.stderr.write("warming up\n");
  for (const transport of ["grpc", "http"] as const) {
    const job = { transport, address: addresses[transport], texts: { count: N, seed: SEED } } as const;
    await ask<ClientAnswer>(client, { ...job, cache: "use", perRequest: 256, callers: 4, repeat: 20 });
    await ask<ClientAnswer>(client, { ...job, cache: "use", perRequest: 1, callers: 64, repeat: 10 });
    await ask<ClientAnswer>(client, { ...job, cache: "bypass", perRequest: 256, callers: 4, repeat: 1 });
  }
  const texts = { count: N, seed: SEED };
  await ask<ClientAnswer>(client, {
    transport: "grpc",
    address: addresses.grpc,
    texts,
    cache: "bypass",
    perRequest: 1,
    callers: 64,
    repeat: 8,
  });
  await measureEngine();
  await measureCachedEngine();
  samples.clear();
}

async function bestBudget(yardstick: Bare): Promise<number> {
  let best = { budget: 0, seconds: Number.POSITIVE_INFINITY };
  for (const candidate of [256, 512, 1024, 2048]) {
    const { seconds } = await yardstick.run(idealBatches(sequences.slice(0, Math.min(N, 256)), candidate));
    if (seconds < best.seconds) best = { budget: candidate, seconds };
  }
  return best.budget;
}

async function measureBare(mode: string, batches: ReturnType<typeof idealBatches>): Promise<void> {
  await bare.run(idealBatches(sequences.slice(0, LEAD_IN), budget));
  const { seconds, cpuSeconds } = await bare.run(batches);
  note(mode, { rate: N / seconds, cpuPerCandidate: cpuSeconds / N });
}

async function measureEngine(): Promise<void> {
  await scoreInProcess(itemsOf(texts.slice(0, LEAD_IN)));
  const start = performance.now();
  await Promise.all(chunk(itemsOf(texts), 256).map((items) => scoreInProcess(items)));
  note("engine in process, 256 a request", { rate: N / ((performance.now() - start) / 1000) });
}

async function scoreInProcess(items: Item[], cache: CacheUse = "bypass"): Promise<void> {
  const context = { requestId: "bench", transport: "cli" as const, signal: new AbortController().signal };
  await engine.service.score({ panel: "chat", items, options: { ...DEFAULT_OPTIONS, cache } }, context);
}

async function measureCachedEngine(): Promise<void> {
  const requests = chunk(itemsOf(texts), 256);
  // Fresh items each time, as a wire would make them: nothing may be remembered by object identity. Copying them is not the engine's work.
  const copies = (times: number) => Array.from({ length: times }, () => structuredClone(requests)).flat();
  for (const items of copies(CACHED.leadIn)) await scoreInProcess(items, "use");
  const measured = copies(CACHED.repeat);
  const start = performance.now();
  for (const items of measured) await scoreInProcess(items, "use");
  note("cached, engine in process, detail full", { rate: (N * CACHED.repeat) / ((performance.now() - start) / 1000) });
}

async function measureWire(mode: string, job: Partial<ClientJob> & Pick<ClientJob, "transport" | "perRequest" | "callers">): Promise<void> {
  const address = job.transport === "grpc" ? addresses.grpc : addresses.http;
  const full: ClientJob = { address, texts: { count: N, seed: SEED }, cache: "bypass", repeat: 1, ...job };
  const leadIn = full.cache === "use" ? { repeat: CACHED.leadIn } : { texts: { count: LEAD_IN, seed: SEED }, repeat: 1 };
  await ask<ClientAnswer>(client, { ...full, ...leadIn });
  const before = await ask<number>(gateway, "reset");
  const { seconds, candidates } = await ask<ClientAnswer>(client, full);
  const after = await ask<{ cpuSeconds: number; loopP99Ms: number }>(gateway, "meters");
  note(mode, { rate: candidates / seconds, cpuPerCandidate: (after.cpuSeconds - before) / candidates, loopP99Ms: after.loopP99Ms });
}

/** Milliseconds at p50 for a caller with nobody beside it. */
interface Lone {
  /** Added to the bare run of the text. */
  readonly grpc: number;
  readonly engine: number;
  /** A call that scores nothing. */
  readonly empty: number;
}

/**
 * Medians over texts of what the gateway adds to the bare run of the very same text, and of a call that scores nothing. One caller, nothing
 * else going on; each takes turns with the bare run, one text each, so that both find their caches as cold as the other.
 *
 * @param threads of the bare run: as many as the gateway has, or one
 */
async function measureLone(threads: number): Promise<Lone> {
  const count = Math.min(N, 128);
  const single = await openBare(graphPath, outputs, { processes: 1, threads });
  const caller = grpcCaller(addresses.grpc);
  const items = itemsOf(texts);
  const ways = {
    grpc: (index: number) => caller.score(texts[index]!),
    engine: (index: number) => scoreInProcess([items[index]!]),
    empty: () => caller.version(),
  };
  const took = { grpc: [] as number[], engine: [] as number[], empty: [] as number[] };
  for (const way of ["grpc", "engine", "empty"] as const) {
    for (let index = 0; index < count; index++) {
      const { batchMs } = await single.run([[sequences[index]!]]);
      const began = performance.now();
      await ways[way](index);
      took[way].push(performance.now() - began - (way === "empty" ? 0 : batchMs[0]!));
    }
  }
  single.close();
  caller.close();
  const warm = (times: readonly number[]) => median(times.slice(count / 4));
  return { grpc: warm(took.grpc), engine: warm(took.engine), empty: warm(took.empty) };
}

function report(): void {
  const bareRate = median(samples.get("bare session.run")!.map(({ rate }) => rate));
  const bareCpu = median(samples.get("bare session.run")!.map((sample) => sample.cpuPerCandidate!));
  const rows = [...samples].map(([mode, list]) => ({
    mode,
    rate: median(list.map(({ rate }) => rate)),
    cpu: list[0]!.cpuPerCandidate === undefined ? undefined : median(list.map((sample) => sample.cpuPerCandidate!)),
    loop: list[0]!.loopP99Ms === undefined ? undefined : Math.max(...list.map((sample) => sample.loopP99Ms!)),
  }));
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  console.log(line(["mode", "candidates/s", "× bare", "CPU/candidate × bare", "event-loop delay p99"]));
  console.log(line(["-", "-:", "-:", "-:", "-:"]));
  for (const { mode, rate, cpu, loop } of rows) {
    console.log(
      line([
        mode,
        rate.toFixed(rate < 1000 ? 1 : 0),
        (rate / bareRate).toFixed(2),
        cpu === undefined ? "" : (cpu / bareCpu).toFixed(3),
        loop === undefined ? "" : `${loop.toFixed(1)} ms`,
      ]),
    );
  }
  const loneAddedP50 = [...lone].map(([threads, times]) => {
    const p50 = (way: keyof Lone) => median(times.map((each) => each[way]));
    return { bareThreads: threads, engineMs: p50("engine"), grpcMs: p50("grpc"), emptyCallMs: p50("empty") };
  });
  console.log("");
  for (const { bareThreads, engineMs, grpcMs, emptyCallMs } of loneAddedP50) {
    console.log(
      `a lone caller at p50, to a bare run on ${bareThreads} thread${bareThreads === 1 ? "" : "s"}: ${signed(engineMs)} ms in process, ` +
        `${signed(grpcMs)} ms over gRPC, where a call that scores nothing takes ${emptyCallMs.toFixed(2)} ms`,
    );
  }
  const naive = rows.find(({ mode }) => mode.startsWith("naive"))!;
  const single = rows.find(({ mode }) => mode.startsWith("gRPC, 64"))!;
  console.log(`64 single callers against the naive batcher: ${(single.rate / naive.rate).toFixed(2)} ×`);
  if (flags.out) writeFileSync(flags.out, `${JSON.stringify({ rows, loneAddedP50 }, null, 2)}\n`);
}

function signed(ms: number): string {
  return `${ms < 0 ? "−" : "+"}${Math.abs(ms).toFixed(2)}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function ask<T>(child: ChildProcess, message: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = () => reject(new Error("a bench process ended"));
    child.once("exit", failed);
    child.once("message", (answer) => {
      child.off("exit", failed);
      resolve(answer as T);
    });
    child.send(message as object);
  });
}

/** The gateway answers its first message once it serves. */
async function ready(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the gateway did not start")));
    child.once("message", () => resolve());
  });
}
