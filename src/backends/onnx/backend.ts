import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { BatchLimits, Call, CallResult, OpenBackend, PreparedCall } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { availableCores } from "../cores.ts";
import { createSegmentTokenizer, type SegmentTokenizer } from "../tokens/tokenizer.ts";
import { assemble, type Sequence } from "./assemble.ts";
import { type Device, describeDevice, isCudaInstalled } from "./device.ts";
import type { InputNames } from "./executor-protocol.ts";
import { listDevices, type OnnxParams, planExecutors } from "./params.ts";
import { type ReplicaSet, startReplicas } from "./replicas.ts";
import { planRows, prefixOf } from "./rows.ts";

/** A model to serve, and how. Keys of {@link OnnxParams} are those of the configuration. */
export interface OnnxBackendOptions extends Omit<OnnxParams, "type"> {
  readonly name: string;
  readonly graphPath: string;
  /** Hexadecimal; the bytes that are opened must have it. */
  readonly graphSha256: string;
  /** The file beside the graph that holds its weights, for graphs that keep them outside; its bytes must have the digest. */
  readonly weights?: { readonly path: string; readonly sha256: string } | undefined;
  readonly tokenizerPath: string;
  readonly tokenizerSha256: string;
  readonly inputs: InputNames;
  /** Names of the tensors to answer with. */
  readonly outputs: readonly string[];
  /** Most tokens of one text. */
  readonly maxTokens: number;
  /** False runs every text alone, for graphs whose scores move with their batch-mates. */
  readonly batchable: boolean;
  /** Runs the largest batch once at start, so that the first request does not pay for memory. Default true. */
  readonly warmUp?: boolean;
  /** Longest time that `close` waits for running batches. Default 30 s. */
  readonly closeTimeoutMs?: number;
  readonly metrics?: Metrics | undefined;
  readonly log?: Logger | undefined;
}

/** A backend that owns its processes. */
export interface OnnxBackend extends OpenBackend {
  readonly maxTokens: number;
  /** Inference processes with an open model, now. */
  readonly pids: readonly number[];
}

/** Batches handed to an executor: one runs, one waits beside it, so that it never idles between two. */
const DEPTH = 2;
const HANG_TIMEOUT_SECONDS = 60;

const CPU_LIMITS = { maxBatchTokens: 512, maxBatchCalls: 32, maxPaddingRatio: 0.2, maxDelayMs: 0 };
const CUDA_LIMITS = { maxBatchTokens: 16384, maxBatchCalls: 256, maxPaddingRatio: 0.5, maxDelayMs: 1 };

/**
 * Opens a model in processes of its own and resolves when all of them have it.
 *
 * @throws {GatewayError} CONFIG_INVALID when a file is missing or is another than declared, names of tensors do not fit,
 *   a device is not there, or there are more threads than cores; no process is left then
 */
export async function createOnnxBackend(options: OnnxBackendOptions): Promise<OnnxBackend> {
  const tokenizer = createSegmentTokenizer(await readVerified(options.tokenizerPath, options.tokenizerSha256));
  const { devices, replicas } = await start(options, tokenizer.padId);
  const limits = batchLimits(options, devices, replicas.size);
  const shares = options.inputs.prefix !== undefined && options.sharePrefix !== false && options.batchable;
  options.log?.info({ backend: options.name, device: describeAll(devices), executors: replicas.size }, "model opened");
  return {
    name: options.name,
    digest: digestOf(options, devices),
    limits,
    device: describeAll(devices),
    remote: false,
    maxTokens: options.maxTokens,
    get pids() {
      return replicas.pids;
    },
    get ready() {
      return replicas.ready;
    },
    notReady: `no inference process of ${options.name} is running`,
    onReadiness: (listener) => replicas.onReadiness(listener),
    prepare: (calls) => prepare(calls, tokenizer, options.maxTokens, shares),
    run: (batch, context) => run(batch, context?.alone ?? false, replicas, options.outputs),
    close: (timeoutMs) => replicas.close(timeoutMs),
  };
}

async function start(options: OnnxBackendOptions, padId: number): Promise<{ devices: readonly Device[]; replicas: ReplicaSet }> {
  const listed = listDevices(options.device);
  const open = async (devices: readonly Device[]) => ({
    devices,
    replicas: await startReplicas({
      plans: planExecutors({ ...options, devices }, availableCores()),
      load: {
        type: "load",
        graphPath: options.graphPath,
        graphSha256: options.graphSha256,
        weights: options.weights,
        inputs: options.inputs,
        outputs: options.outputs,
        padId,
        warmUp: options.warmUp === false ? undefined : warmUpShape(batchLimits(options, devices, 1), options.maxTokens),
      },
      name: options.name,
      hangTimeoutMs: (options.hangTimeoutSeconds ?? HANG_TIMEOUT_SECONDS) * 1000,
      closeTimeoutMs: options.closeTimeoutMs ?? 30_000,
      metrics: options.metrics,
      log: options.log,
    }),
  });
  if (listed !== undefined) return open(listed);
  if (isCudaInstalled()) {
    try {
      return await open([{ type: "cuda", index: 0 }]);
    } catch (error) {
      options.log?.warn({ backend: options.name, err: error }, "device auto: CUDA is installed and does not work");
    }
  }
  options.log?.info({ backend: options.name }, "device auto: no CUDA, using the CPU");
  return open([{ type: "cpu" }]);
}

async function prepare(
  calls: readonly Call[],
  tokenizer: SegmentTokenizer,
  maxTokens: number,
  shares: boolean,
): Promise<(PreparedCall | Error)[]> {
  const idsOf = await tokenizer.encode(calls.filter((call) => call.type === "forward"));
  return calls.map((call) => {
    try {
      if (call.type !== "forward") throw new GatewayError("BACKEND_REFUSED", "an ONNX graph scores texts and answers no chat");
      const sequence = assemble(call.segments, idsOf(call), maxTokens, call.overlong);
      return {
        tokens: sequence.ids.length,
        ids: sequence.ids,
        payload: sequence,
        ...(sequence.truncation && { truncation: sequence.truncation }),
        ...(shares && { prefix: prefixOf(sequence, maxTokens) }),
      };
    } catch (error) {
      return GatewayError.from(error);
    }
  });
}

async function run(batch: readonly PreparedCall[], alone: boolean, replicas: ReplicaSet, names: readonly string[]): Promise<CallResult[]> {
  const { order, joins } = planRows(batch);
  const own = order.map((index, place) => (batch[index]!.payload as Sequence).ids.subarray(joins[place]!));
  const packed = {
    ids: new Int32Array(own.reduce((sum, { length }) => sum + length, 0)),
    lengths: Int32Array.from(own, ({ length }) => length),
    candidateStarts: Int32Array.from(order, (index) => (batch[index]!.payload as Sequence).candidateStart),
    ...(joins.some((tokens) => tokens > 0) && { joins }),
  };
  let offset = 0;
  for (const ids of own) {
    packed.ids.set(ids, offset);
    offset += ids.length;
  }
  const tensors = await replicas.run(packed, alone);
  const results: CallResult[] = new Array(batch.length);
  for (const [place, index] of order.entries()) {
    const { tokens, truncation } = batch[index]!;
    const outputs: Record<string, Float32Array> = {};
    for (const [at, name] of names.entries()) {
      const width = tensors[at]!.length / batch.length;
      outputs[name] = tensors[at]!.slice(place * width, (place + 1) * width);
    }
    results[index] = { outputs, tokens, ...(truncation && { truncation }) };
  }
  return results;
}

function batchLimits(options: OnnxBackendOptions, devices: readonly Device[], executors: number): BatchLimits {
  const defaults = devices.some(({ type }) => type === "cpu") ? CPU_LIMITS : CUDA_LIMITS;
  return {
    maxBatchCalls: options.maxBatchCalls ?? defaults.maxBatchCalls,
    // The longest text must fit a batch of its own.
    maxBatchTokens: Math.max(options.maxBatchTokens ?? defaults.maxBatchTokens, options.maxTokens),
    padded: true,
    parallelism: executors,
    concurrency: DEPTH * executors,
    maxPaddingRatio: options.maxPaddingRatio ?? defaults.maxPaddingRatio,
    maxDelayMs: options.maxDelayMs ?? defaults.maxDelayMs,
    batchable: options.batchable,
  };
}

/** The largest batch that the limits allow, of texts as long as the model reads. */
function warmUpShape(limits: BatchLimits, maxTokens: number): { rows: number; length: number } {
  const rows = limits.batchable ? Math.min(limits.maxBatchCalls, Math.floor(limits.maxBatchTokens / maxTokens)) : 1;
  return { rows: Math.max(1, rows), length: maxTokens };
}

/** Everything that decides a number: graph, tokenizer, names of the inputs, length, and which provider computes. */
function digestOf(options: OnnxBackendOptions, devices: readonly Device[]): string {
  const providers = [...new Set(devices.map(({ type }) => type))].sort();
  const facts = [options.graphSha256, options.tokenizerSha256, options.inputs, options.maxTokens, providers, options.weights?.sha256];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

function describeAll(devices: readonly Device[]): string {
  return devices.map(describeDevice).join(", ");
}

async function readVerified(path: string, sha256: string): Promise<string> {
  const bytes = await readFile(path).catch((cause) => {
    throw new GatewayError("CONFIG_INVALID", `cannot read the tokenizer ${path}; restore the file`, { cause });
  });
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (digest !== sha256) {
    throw new GatewayError("CONFIG_INVALID", `the tokenizer ${path} has sha256 ${digest} where ${sha256} is declared; restore the file`);
  }
  return bytes.toString("utf8");
}
