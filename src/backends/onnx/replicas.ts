import { BatchCrash } from "../../domain/backend.ts";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { cudaMissing, deviceEnvironment, isCudaInstalled } from "./device.ts";
import { type Executor, startExecutor } from "./executor.ts";
import { ExecutorEnded, runtimeWords } from "./executor-child.ts";
import type { LoadMessage, PackedBatch } from "./executor-protocol.ts";
import type { ExecutorPlan } from "./params.ts";

/** Equal replicas of one model behind one `run`. */
export interface ReplicaSet {
  readonly size: number;
  readonly pids: readonly number[];
  /** Whether at least one replica has its model open. */
  readonly ready: boolean;
  onReadiness(listener: (ready: boolean) => void): () => void;
  /**
   * Runs a batch on the replica with the least work; on another when its process ends before it has begun the batch.
   *
   * @param alone whether nothing else runs or waits: the batch may have more threads
   * @returns one tensor per output name
   * @throws {BatchCrash} when a process ended while it was at this batch
   * @throws {GatewayError} BACKEND_REFUSED when the model did not take the batch; BACKEND_UNAVAILABLE when no process came
   *   up in time, or the set is closed
   */
  run(batch: PackedBatch, alone?: boolean): Promise<readonly Float32Array[]>;
  /** Waits for running batches, at most `timeoutMs`, then ends every process. Idempotent. */
  close(timeoutMs?: number): Promise<void>;
}

export interface ReplicaOptions {
  readonly plans: readonly ExecutorPlan[];
  readonly load: Omit<LoadMessage, "provider" | "threads" | "threadsWhenAlone">;
  /** The backend's name, for metrics and the log. */
  readonly name: string;
  readonly hangTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly metrics?: Metrics | undefined;
  readonly log?: Logger | undefined;
}

/** Large models take their time; a process that has not opened one by then never will. */
const LOAD_TIMEOUT_MS = 300_000;
/** How long a batch waits for a replica when all are being started again. */
const PATIENCE_MS = 10_000;
/** Ending an idle process takes milliseconds. */
const STOP_GRACE_MS = 2_000;

/**
 * Starts all replicas, or none.
 *
 * @throws {GatewayError} CONFIG_INVALID when one does not start; the others are ended first
 */
export async function startReplicas(options: ReplicaOptions): Promise<ReplicaSet> {
  const { name, metrics } = options;
  const executors: Executor[] = [];
  const listeners = new Set<(ready: boolean) => void>();
  const running = new Set<Promise<unknown>>();
  const waiters: (() => void)[] = [];
  let wasReady = false;
  let closing: Promise<void> | undefined;
  let stopped = false;

  const count = () => executors.reduce((sum, { pid }) => sum + (pid === undefined ? 0 : 1), 0);
  const changed = () => {
    const up = count();
    metrics?.workers.set({ backend: name, state: "ready" }, up);
    metrics?.workers.set({ backend: name, state: "starting" }, options.plans.length - up);
    if (up > 0) for (const waiter of waiters.splice(0)) waiter();
    if (up > 0 !== wasReady) {
      wasReady = up > 0;
      for (const listener of listeners) listener(wasReady);
    }
  };

  const starts = await Promise.allSettled(options.plans.map((plan) => startOne(plan, options, changed)));
  for (const start of starts) if (start.status === "fulfilled") executors.push(start.value);
  const failure = starts.find((start) => start.status === "rejected");
  if (failure !== undefined) {
    const lastWords = runtimeWords(failure.reason);
    if (lastWords !== undefined) options.log?.warn({ backend: name, lastWords }, "an inference process did not start");
    await Promise.all(executors.map((executor) => executor.close(STOP_GRACE_MS)));
    throw GatewayError.from(failure.reason);
  }
  changed();

  const leastLoaded = (): Executor | undefined => {
    let best: Executor | undefined;
    for (const executor of executors) {
      if (executor.pid === undefined) continue;
      if (best === undefined || isLighter(executor, best)) best = executor;
    }
    return best;
  };
  /** Waits until a replica is up. */
  const someReplica = async (): Promise<Executor> => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const executor = leastLoaded();
      if (executor !== undefined) return executor;
      const left = deadline - performance.now();
      if (stopped || left <= 0) throw unavailable("no inference process is up");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };
  const runOnce = async (batch: PackedBatch, alone: boolean): Promise<readonly Float32Array[]> => {
    for (;;) {
      // No await between the choice and the hand-over: the next choice must see this one's load.
      const executor = leastLoaded() ?? (await someReplica());
      try {
        return await executor.run(batch, alone);
      } catch (error) {
        if (!(error instanceof ExecutorEnded)) throw error;
        if (stopped) throw unavailable("the backend is closed", error);
        if (error.begun) throw new BatchCrash(`an inference process of ${name} ended while it ran this; try again`, error);
      }
    }
  };

  return {
    size: executors.length,
    get pids() {
      return executors.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    },
    get ready() {
      return closing === undefined && count() > 0;
    },
    onReadiness(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    run(batch, alone = false) {
      if (closing !== undefined) return Promise.reject(unavailable("the backend is closed"));
      const result = runOnce(batch, alone);
      running.add(result);
      const done = () => running.delete(result);
      result.then(done, done);
      return result;
    },
    close(timeoutMs = options.closeTimeoutMs) {
      closing ??= (async () => {
        await within(Promise.allSettled(running), timeoutMs);
        stopped = true;
        for (const waiter of waiters.splice(0)) waiter();
        await Promise.all(executors.map((executor) => executor.close(Math.min(STOP_GRACE_MS, timeoutMs))));
      })();
      return closing;
    },
  };
}

async function startOne(plan: ExecutorPlan, options: ReplicaOptions, onChange: () => void): Promise<Executor> {
  const { device, threads, threadsWhenAlone } = plan;
  if (device.type === "cuda" && !isCudaInstalled()) throw cudaMissing(options.name, device);
  try {
    return await startExecutor({
      load: { ...options.load, provider: device.type, threads, threadsWhenAlone },
      environment: deviceEnvironment(device, process.env),
      hangTimeoutMs: options.hangTimeoutMs,
      loadTimeoutMs: LOAD_TIMEOUT_MS,
      onChange,
      onRestart: (reason) => options.metrics?.workerRestarts.inc({ backend: options.name, reason }),
      log: options.log,
    });
  } catch (error) {
    if (device.type === "cuda" && isAboutCuda(error)) throw cudaMissing(options.name, device, error);
    throw error;
  }
}

/** Whether the runtime's own words, kept as the cause, are about its CUDA part rather than about the model. */
function isAboutCuda(error: unknown): boolean {
  const cause = error instanceof GatewayError ? error.cause : undefined;
  return cause instanceof Error && /cuda|cudnn|cublas|providers_shared/i.test(cause.message);
}

function isLighter(a: Executor, b: Executor): boolean {
  return a.load.batches < b.load.batches || (a.load.batches === b.load.batches && a.load.tokens < b.load.tokens);
}

function unavailable(problem: string, cause?: unknown): GatewayError {
  return new GatewayError("BACKEND_UNAVAILABLE", `${problem}; try again`, { cause });
}

/** Resolves with the promise or after `ms`, whichever is first. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, overdue]);
  clearTimeout(timer);
}
