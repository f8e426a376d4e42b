/**
 * The child process that holds one model and runs one batch at a time. Running a model blocks the thread it runs on, and a
 * fault in native code ends the process it happens in; both are why this is a process of its own. It knows tensors only.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { branch } from "./branch.ts";
import {
  CHANNEL,
  type FromExecutor,
  inputNames,
  type LoadMessage,
  type PackedBatch,
  type RunMessage,
  type ToExecutor,
} from "./executor-protocol.ts";
import { readFrame, writeFrame } from "./frames.ts";
import { pad } from "./pack.ts";

/** A reason not to serve, in words that may be shown. */
class LoadFailure extends Error {}

interface Model {
  readonly load: LoadMessage;
  readonly session: InferenceSession;
  /** The same with more threads, for batches that run alone; the same session where there are none. */
  readonly lone: InferenceSession;
}

// The parent decides when work ends: a signal to the whole process group must not take running batches with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

let model: Model | undefined;
// Nothing else happens in this process, so it waits for its work in the system and not in an event loop: an answer is on its way sooner.
for (let frame = readFrame(CHANNEL); frame !== undefined; frame = readFrame(CHANNEL)) {
  const message = frame.head as ToExecutor;
  if (message.type === "load") await serve(message);
  else await answer(model!, message, frame.arrays);
}
process.exit(0);

function send(head: FromExecutor, arrays: readonly Float32Array[] = []): void {
  try {
    writeFrame(CHANNEL, { head, arrays });
  } catch {
    // The only way to fail is that the parent has gone.
    process.exit(0);
  }
}

async function serve(message: LoadMessage): Promise<void> {
  try {
    model = await open(message);
  } catch (thrown) {
    const shown = thrown instanceof LoadFailure ? thrown.message : "ONNX Runtime cannot open the graph (the log has its words)";
    send({ type: "failed", message: shown, cause: textOf(thrown) });
    return;
  }
  send({ type: "ready" });
}

async function open(load: LoadMessage): Promise<Model> {
  const graph = await readFile(load.graphPath).catch(() => {
    throw new LoadFailure(`cannot read the graph ${load.graphPath}; restore the file`);
  });
  const digest = createHash("sha256").update(graph).digest("hex");
  if (digest !== load.graphSha256) {
    throw new LoadFailure(`the graph ${load.graphPath} has sha256 ${digest} where ${load.graphSha256} is declared; restore the file`);
  }
  if (load.weights !== undefined) await verifyWeights(load.weights);
  const options = (threads: number): InferenceSession.SessionOptions => ({
    executionProviders: [load.provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Patterns are kept per shape, and here every batch has a shape of its own.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // Threads wait for each other in a busy loop while a batch runs, which is fastest; between batches the cores are others'.
    extra: { session: { force_spinning_stop: "1" } },
  });
  // The runtime finds weights that are kept outside beside the graph's path, and maps them.
  const create = (threads: number) =>
    load.weights === undefined
      ? InferenceSession.create(graph, options(threads))
      : InferenceSession.create(load.graphPath, options(threads));
  const session = await create(load.threads);
  const named = inputNames(load.inputs);
  checkNames("input", named, session.inputNames);
  checkNames("output", load.outputs, session.outputNames);
  for (const name of session.inputNames) {
    if (!named.includes(name)) {
      throw new LoadFailure(
        `the graph needs an input "${name}" that the bundle does not map; name it under \`model.inputs\` in judge.yaml`,
      );
    }
  }
  const lone = load.threadsWhenAlone === undefined ? session : await create(load.threadsWhenAlone);
  if (load.warmUp !== undefined) {
    for (const each of new Set([session, lone])) await run(each, load, warmUpBatch(load.warmUp, load.padId));
  }
  return { load, session, lone };
}

async function verifyWeights({ path, sha256 }: { path: string; sha256: string }): Promise<void> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece);
  } catch {
    throw new LoadFailure(`cannot read the weights ${path}; restore the file`);
  }
  const digest = hash.digest("hex");
  if (digest !== sha256) throw new LoadFailure(`the weights ${path} have sha256 ${digest} where ${sha256} is declared; restore the file`);
}

function checkNames(what: "input" | "output", wanted: readonly string[], found: readonly string[]): void {
  for (const name of wanted) {
    if (!found.includes(name)) {
      throw new LoadFailure(`the graph has no ${what} "${name}"; it has ${found.join(", ")}; correct \`${what}s\` in judge.yaml`);
    }
  }
}

async function answer({ load, session, lone }: Model, { id, alone }: RunMessage, arrays: readonly Int32Array[]): Promise<void> {
  const [ids, lengths, candidateStarts, joins] = arrays as [Int32Array, Int32Array, Int32Array, Int32Array?];
  try {
    const outputs = await run(alone ? lone : session, load, { ids, lengths, candidateStarts, ...(joins && { joins }) });
    send({ type: "answer", id }, outputs);
  } catch (thrown) {
    send({ type: "refusal", id, cause: textOf(thrown) });
  }
}

async function run(session: InferenceSession, load: LoadMessage, batch: PackedBatch): Promise<Float32Array[]> {
  const texts = batch.lengths.length;
  const results = await session.run(feedsOf(load, batch), load.outputs);
  return load.outputs.map((name) => {
    const { data, dims } = results[name]!;
    if (!(data instanceof Float32Array)) throw new Error(`output "${name}" is not float32`);
    if (dims[0] !== texts) throw new Error(`output "${name}" has ${dims[0]} rows for ${texts} texts`);
    return data;
  });
}

function feedsOf({ inputs, padId }: LoadMessage, batch: PackedBatch): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  const feed = (name: string, values: BigInt64Array, shape: readonly number[]) => {
    feeds[name] = new Tensor("int64", values, shape);
  };
  const { rows, length, ids, mask, ...more } = inputs.prefix ? branch(batch, padId) : pad(batch, padId);
  const shape = [rows, length];
  feed(inputs.ids, ids, shape);
  feed(inputs.mask, mask, shape);
  if ("segments" in more && inputs.segments !== undefined) feed(inputs.segments, more.segments, shape);
  if ("branches" in more && inputs.prefix) {
    feed(inputs.prefix.positions, more.positions, shape);
    feed(inputs.prefix.branches, more.branches, shape);
    feed(inputs.prefix.texts, more.texts, [batch.lengths.length, 2]);
  }
  return feeds;
}

function warmUpBatch({ rows, length }: { rows: number; length: number }, padId: number): PackedBatch {
  return {
    ids: new Int32Array(rows * length).fill(padId),
    lengths: new Int32Array(rows).fill(length),
    candidateStarts: new Int32Array(rows).fill(length >> 1),
  };
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
