import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import { DEVICE_PATTERN, type Device, parseDevice } from "./device.ts";

const device = z.string().regex(DEVICE_PATTERN, "use cpu, cuda or cuda:N");

/** What `rewardgate.yaml` says about a backend that runs an ONNX graph in processes of its own. */
export const onnxParams = z.strictObject({
  type: z.literal("onnx").describe("Runs the judge's own ONNX graph with ONNX Runtime, in child processes."),
  device: z
    .union([z.literal("auto"), device, z.array(device).min(1)])
    .describe(
      "`cpu`, `cuda` (the first GPU), `cuda:N`, or a list of those with one replica each, the least loaded first. " +
        "`auto` takes the first GPU where it works and the CPU otherwise, and the log says which.",
    )
    .default("cpu"),
  executors: z
    .int()
    .min(1)
    .max(256)
    .describe(
      "Inference processes per listed device. Without it: one per GPU; on the CPU, as many as keep every available core busy, " +
        "shared evenly between the models that run there.",
    )
    .optional(),
  threadsPerExecutor: z
    .int()
    .min(1)
    .max(256)
    .describe("Threads of one inference process. One per process and a process per core gives the most texts per second.")
    .default(1),
  threadsWhenAlone: z
    .int()
    .min(1)
    .max(256)
    .describe(
      "Threads, on the CPU, of a batch that runs while nothing else waits: a lone caller waits less. The first inference process keeps the model open " +
        "a second time for it. Without it: as many as the processes have together, at most 8. `1` saves that memory.",
    )
    .optional(),
  maxBatchTokens: z
    .int()
    .min(1)
    .describe(
      "Most tokens in one batch, padding included. Without it: 512 on the CPU, where larger batches only leave the caches; 16384 on a GPU.",
    )
    .optional(),
  maxBatchCalls: z.int().min(1).describe("Most texts in one batch. Without it: 32 on the CPU, 256 on a GPU.").optional(),
  maxPaddingRatio: z
    .number()
    .min(0)
    .lt(1)
    .describe("Largest share of padding in a batch. Without it: 0.2 on the CPU, where padding costs what text does, 0.5 on a GPU.")
    .optional(),
  sharePrefix: z
    .boolean()
    .describe(
      "Whether candidates of one prompt are read in one row behind it, where the judge's graph can do that: the prompt is read once and " +
        "scores stay what they are, up to rounding. Default true.",
    )
    .optional(),
  maxDelayMs: z
    .number()
    .min(0)
    .describe("Milliseconds that an idle device waits for a fuller batch. Without it: 0 on the CPU, 1 on a GPU.")
    .optional(),
  hangTimeoutSeconds: z
    .number()
    .min(1)
    .max(3_600)
    .describe(
      "Seconds that an inference process may take for one batch; one that takes longer counts as hung and is replaced, and a text that does so three times " +
        "is refused. More than the model's longest text takes on `threadsPerExecutor` threads. Default 60.",
    )
    .optional(),
});

export type OnnxParams = z.output<typeof onnxParams>;

/** One inference process. */
export interface ExecutorPlan {
  readonly device: Device;
  readonly threads: number;
  /** Threads of a batch that runs alone; absent where it has no more than any other. */
  readonly threadsWhenAlone?: number;
}

/** Beyond, the threads of a small model mostly wait for each other. */
const MOST_THREADS_WHEN_ALONE = 8;

/**
 * The inference processes that a configuration asks for, one entry each.
 *
 * @param params `device` already decided, `auto` no more; the backend's name is for errors
 * @param cores  cores that this process may use
 * @throws {GatewayError} CONFIG_INVALID when they, or a batch that runs alone, have more threads than there are cores, which costs a
 *   third of the throughput
 */
export function planExecutors(
  params: Pick<OnnxParams, "executors" | "threadsPerExecutor" | "threadsWhenAlone"> & {
    readonly name: string;
    readonly devices: readonly Device[];
  },
  cores: number,
): ExecutorPlan[] {
  const { name, devices, threadsPerExecutor: threads } = params;
  const fillsCores = devices.length === 1 && devices[0]!.type === "cpu";
  const each = params.executors ?? (fillsCores ? Math.max(1, Math.floor(cores / threads)) : 1);
  const total = each * devices.length * threads;
  if (total > cores) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `backend "${name}": ${each * devices.length} executors of ${threads} threads are ${total} threads on ${cores} available cores, which slows all of ` +
        "them; lower `executors`, `threadsPerExecutor` or the number of devices",
    );
  }
  const plans = devices.flatMap((device) => Array.from({ length: each }, (): ExecutorPlan => ({ device, threads })));
  const whenAlone = params.threadsWhenAlone ?? Math.min(total, MOST_THREADS_WHEN_ALONE);
  if (whenAlone > cores) {
    throw new GatewayError(
      "CONFIG_INVALID",
      `backend "${name}": \`threadsWhenAlone: ${whenAlone}\` is more than the ${cores} available cores; lower it`,
    );
  }
  const onCpu = devices.every(({ type }) => type === "cpu");
  // A replica chosen among idle ones is the first.
  return onCpu && whenAlone > threads ? plans.with(0, { ...plans[0]!, threadsWhenAlone: whenAlone }) : plans;
}

/** `device` as a list of devices; undefined for `auto`. */
export function listDevices(device: OnnxParams["device"]): Device[] | undefined {
  if (device === "auto") return undefined;
  return (typeof device === "string" ? [device] : device).map(parseDevice);
}
