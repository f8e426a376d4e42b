import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { GatewayError } from "../../domain/errors.ts";
import { CHANNEL, type FromExecutor, type LoadMessage, type PackedBatch, type ToExecutor } from "./executor-protocol.ts";
import { assembleFrames, encodeFrame } from "./frames.ts";

/** Why an executor's process ended. */
export type EndReason = "crash" | "hang" | "stop";

export interface ExecutorEnd {
  readonly reason: EndReason;
  /** The end of what it wrote to standard error, which is the runtime's, never a request's text. */
  readonly lastWords: string;
}

/** Thrown for every batch that was with a process when it ended. */
export class ExecutorEnded extends Error {
  override readonly name = "ExecutorEnded";
  /** Whether the process was at this batch; otherwise it had not begun it, so the batch has no part in its end. */
  readonly begun: boolean;

  constructor(message: string, begun: boolean) {
    super(message);
    this.begun = begun;
  }
}

/** One process with a model, from its first answer to its end. */
export interface ExecutorChild {
  readonly pid: number;
  /** Whether it takes batches: not when it has ended or is about to. */
  readonly serving: boolean;
  /**
   * Runs a batch after those handed over before it.
   *
   * @param alone whether it may have the threads of `LoadMessage.threadsWhenAlone`
   * @returns one tensor per output name, the rows of all texts one after the other
   * @throws {ExecutorEnded} when the process ended first
   * @throws {GatewayError} BACKEND_REFUSED when the model did not take the batch
   */
  run(batch: PackedBatch, alone: boolean): Promise<readonly Float32Array[]>;
  /** Resolves when the process has ended, whatever the cause. */
  readonly ended: Promise<ExecutorEnd>;
  /** Lets a running batch end, then ends the process; kills it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface ExecutorChildOptions {
  readonly load: LoadMessage;
  readonly environment: NodeJS.ProcessEnv;
  /** Longest time without an answer while there is work. */
  readonly hangTimeoutMs: number;
  /** Longest time for opening the model. */
  readonly loadTimeoutMs: number;
}

/** Last words of a process that are kept for the error of a failed start. */
const STDERR_KEPT = 2000;

/** The entry beside this file, compiled or not. Sources need the loader that this process itself runs with. */
const isSource = import.meta.url.endsWith(".ts");
const entry = fileURLToPath(new URL(`./executor-process.${isSource ? "ts" : "js"}`, import.meta.url));
const execArgv = isSource ? ["--import", import.meta.resolve("tsx")] : [];

/**
 * ONNX Runtime's builds send what they run on and what models they open to their maker, and keep an identifier of the machine and a cache
 * in the user's home for it. The variable must be there before the library is loaded.
 */
const TELEMETRY_OFF = { ORT_DISABLE_TELEMETRY: "1" };

interface Waiting {
  resolve(outputs: readonly Float32Array[]): void;
  reject(error: Error): void;
}

/**
 * Starts a process and waits until its model is open.
 *
 * @param signal gives up the wait and ends the process
 * @throws {GatewayError} CONFIG_INVALID when the model cannot be opened, or the signal came first; the process is gone then
 */
export async function forkExecutor(options: ExecutorChildOptions, signal: AbortSignal): Promise<ExecutorChild> {
  const child = spawn(process.execPath, [...execArgv, entry], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...options.environment, ...TELEMETRY_OFF },
  });
  // For want of descriptors there is not even a channel.
  if (child.pid === undefined) {
    const [cause] = (await once(child, "error")) as [NodeJS.ErrnoException];
    const message = `the inference process could not be started (${cause.code}); check the limits of open files, processes and memory`;
    throw new GatewayError("CONFIG_INVALID", message, { cause });
  }
  const channel = child.stdio[CHANNEL] as Socket;
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT);
  });
  let reason: EndReason | undefined;
  const end = (why: EndReason) => {
    reason ??= why;
    child.kill("SIGKILL");
  };
  const ended = new Promise<ExecutorEnd>((resolve) => {
    // Answers that it gave before its end are read before the channel closes, which may be after the exit.
    child.once("close", () => resolve({ reason: reason ?? "crash", lastWords: stderr }));
    child.on("error", () => end("crash"));
  });
  // A process that cannot be spoken to is of no use.
  channel.on("error", () => end("crash")).on("close", () => reason ?? end("crash"));

  const send = (head: ToExecutor, arrays: readonly Int32Array[] = []) => channel.write(encodeFrame({ head, arrays }));

  const giveUp = () => end("stop");
  signal.addEventListener("abort", giveUp);
  const opening = setTimeout(() => end("hang"), options.loadTimeoutMs);
  let receive!: (message: FromExecutor, arrays: readonly Float32Array[]) => void;
  const spoken = new Promise<FromExecutor>((resolve) => {
    receive = resolve;
  });
  channel.on(
    "data",
    assembleFrames(({ head, arrays }) => receive(head as FromExecutor, arrays)),
  );
  send(options.load);
  const first = await Promise.race([spoken, ended]);
  clearTimeout(opening);
  signal.removeEventListener("abort", giveUp);
  if (signal.aborted || !("type" in first) || first.type !== "ready") {
    end("stop");
    throw failedStart(first, await ended);
  }

  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let silence: NodeJS.Timeout | undefined;
  const settled = () => {
    if (waiting.size > 0) silence?.refresh();
    else {
      clearTimeout(silence);
      silence = undefined;
    }
  };
  receive = (message, arrays) => {
    if (message.type !== "answer" && message.type !== "refusal") return;
    const batch = waiting.get(message.id);
    waiting.delete(message.id);
    settled();
    if (message.type === "answer") batch?.resolve(arrays);
    else batch?.reject(new GatewayError("BACKEND_REFUSED", "the model did not take the input", { cause: new Error(message.cause) }));
  };
  ended.then(({ reason }) => {
    clearTimeout(silence);
    // It works in the order of arrival, so it was at the first.
    let begun = true;
    for (const batch of waiting.values()) {
      batch.reject(new ExecutorEnded(`inference process ${child.pid} ended (${reason})`, begun));
      begun = false;
    }
    waiting.clear();
  });

  const serving = () => channel.writable && reason === undefined;
  return {
    pid: child.pid!,
    get serving() {
      return serving();
    },
    ended,
    run({ ids, lengths, candidateStarts, joins }, alone) {
      return new Promise((resolve, reject) => {
        if (!serving()) return reject(new ExecutorEnded(`inference process ${child.pid} is gone`, false));
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        silence ??= setTimeout(() => end("hang"), options.hangTimeoutMs);
        send({ type: "run", id, alone }, [ids, lengths, candidateStarts, ...(joins ? [joins] : [])]);
      });
    },
    async stop(graceMs) {
      reason ??= "stop";
      channel.end();
      const overdue = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(overdue);
    },
  };
}

function failedStart(first: FromExecutor | ExecutorEnd, { reason, lastWords }: ExecutorEnd): GatewayError {
  if ("type" in first && first.type === "failed") {
    return new GatewayError("CONFIG_INVALID", first.message, { cause: new Error(`${first.cause ?? ""}\n${lastWords}`.trim()) });
  }
  const problem = reason === "hang" ? "did not open the model in time" : "ended while it opened the model";
  return new GatewayError(
    "CONFIG_INVALID",
    `the inference process ${problem} (the log has its last words); check memory and the model file`,
    {
      cause: new Error(lastWords),
    },
  );
}

/** What the runtime said, at the bottom of an error; the error itself is shown to whoever started the gateway. */
export function runtimeWords({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return runtimeWords(cause) ?? (cause instanceof GatewayError ? undefined : cause.message);
}
