import { setTimeout } from "node:timers/promises";
import { GatewayError } from "../../domain/errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import {
  type EndReason,
  type ExecutorChild,
  type ExecutorChildOptions,
  ExecutorEnded,
  forkExecutor,
  runtimeWords,
} from "./executor-child.ts";
import type { PackedBatch } from "./executor-protocol.ts";

/** One replica of a model: a process, and the promise that there is a new one when it ends. */
export interface Executor {
  /** Batches and tokens that were handed over and are not answered. */
  readonly load: { readonly batches: number; readonly tokens: number };
  /** Id of the process that takes batches, or undefined while there is none with an open model. */
  readonly pid: number | undefined;
  /** As ExecutorChild.run; an executor without a process throws ExecutorEnded. */
  run(batch: PackedBatch, alone: boolean): Promise<readonly Float32Array[]>;
  /** Ends the process and starts no other. */
  close(graceMs: number): Promise<void>;
}

export interface ExecutorOptions extends ExecutorChildOptions {
  /** Called when the executor gets or loses its process. */
  onChange(): void;
  /** Called when a process ended by itself and a new one is about to start. */
  onRestart(reason: EndReason): void;
  readonly log?: Logger | undefined;
}

/** A process that ended is replaced at once; one that ends again before it answered anything waits, doubling up to this. */
const LONGEST_BACKOFF_MS = 1000;
const FIRST_BACKOFF_MS = 50;

/**
 * Starts a replica and keeps it running until it is closed.
 *
 * @throws {GatewayError} CONFIG_INVALID when the first process cannot open the model
 */
export async function startExecutor(options: ExecutorOptions): Promise<Executor> {
  const load = { batches: 0, tokens: 0 };
  let child: ExecutorChild | undefined;
  const closing = new AbortController();
  let failures = 0;
  let restarting: Promise<void> = Promise.resolve();

  const adopt = (started: ExecutorChild) => {
    child = started;
    options.onChange();
    started.ended.then(({ reason, lastWords }) => {
      child = undefined;
      options.onChange();
      if (closing.signal.aborted) return;
      options.log?.error({ pid: started.pid, reason, lastWords }, "an inference process ended; starting another");
      options.onRestart(reason);
      restarting = restart();
    });
  };
  const restart = async () => {
    while (!closing.signal.aborted) {
      if (failures > 0) await pause(Math.min(FIRST_BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS), closing.signal);
      failures++;
      try {
        return adopt(await forkExecutor(options, closing.signal));
      } catch (error) {
        if (closing.signal.aborted) return;
        options.log?.error(
          { err: error, lastWords: runtimeWords(GatewayError.from(error)) },
          "an inference process could not be started again; trying on",
        );
      }
    }
  };
  adopt(await forkExecutor(options, closing.signal));
  return {
    load,
    get pid() {
      return child?.serving ? child.pid : undefined;
    },
    async run(batch, alone) {
      if (child === undefined) throw new ExecutorEnded("the inference process is being started again", false);
      load.batches++;
      load.tokens += batch.ids.length;
      try {
        const outputs = await child.run(batch, alone);
        failures = 0;
        return outputs;
      } catch (error) {
        // A refused batch comes again in halves, and the text at fault by itself in the end.
        if (error instanceof GatewayError && batch.lengths.length === 1) {
          options.log?.warn({ pid: child?.pid, cause: (error.cause as Error).message }, "the model did not take a text");
        }
        throw error;
      } finally {
        load.batches--;
        load.tokens -= batch.ids.length;
      }
    },
    async close(graceMs) {
      closing.abort();
      await Promise.all([child?.stop(graceMs), restarting]);
    },
  };
}

/** Resolves after `ms`, or at once when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
