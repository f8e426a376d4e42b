import { type ChildProcess, fork } from "node:child_process";
import type { BareAnswer, BareJob, LoadJob } from "./bare-process.ts";

export interface BareSequence {
  readonly ids: Int32Array;
  readonly candidateStart: number;
}

/** Bare ONNX Runtime in processes of its own. */
export interface Bare {
  /** Runs the batches, each process taking the next from its own half; wall time is that of the slowest process. */
  run(batches: readonly (readonly BareSequence[])[]): Promise<{ seconds: number; cpuSeconds: number; batchMs: number[] }>;
  close(): void;
}

/** @param size processes, as many as the gateway has executors, and threads of each, 1 as the gateway's executors have. */
export async function openBare(
  graphPath: string,
  outputs: readonly string[],
  size: { readonly processes: number; readonly threads: number },
): Promise<Bare> {
  const children = await Promise.all(
    Array.from({ length: size.processes }, async () => {
      const child = fork(new URL("./bare-process.ts", import.meta.url), {
        serialization: "advanced",
        // As the gateway's own processes run.
        env: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
      });
      await ask(child, { type: "load", graphPath, outputs, threads: size.threads });
      return child;
    }),
  );
  return {
    async run(batches) {
      const shares: (readonly BareSequence[])[][] = children.map(() => []);
      const loads = children.map(() => 0);
      // Largest batches first onto the least loaded process: as even as two processes can be.
      for (const batch of batches.toSorted((a, b) => costOf(b) - costOf(a))) {
        const least = loads.indexOf(Math.min(...loads));
        shares[least]!.push(batch);
        loads[least]! += costOf(batch);
      }
      const answers = await Promise.all(children.map((child, index) => ask<BareAnswer>(child, { type: "run", batches: shares[index]! })));
      return {
        seconds: Math.max(...answers.map((answer) => answer.seconds)),
        cpuSeconds: answers.reduce((sum, answer) => sum + answer.cpuSeconds, 0),
        batchMs: answers.flatMap((answer) => [...answer.batchMs]),
      };
    },
    close() {
      for (const child of children) child.disconnect();
    },
  };
}

/** The best batches there are: sorted by length, filled up to the token budget. */
export function idealBatches(sequences: readonly BareSequence[], maxTokens: number): BareSequence[][] {
  const batches: BareSequence[][] = [];
  let current: BareSequence[] = [];
  for (const sequence of sequences.toSorted((a, b) => a.ids.length - b.ids.length)) {
    if (current.length > 0 && sequence.ids.length * (current.length + 1) > maxTokens) {
      batches.push(current);
      current = [];
    }
    current.push(sequence);
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

function costOf(batch: readonly BareSequence[]): number {
  return batch.length * Math.max(...batch.map(({ ids }) => ids.length));
}

function ask<T>(child: ChildProcess, message: BareJob | LoadJob): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = () => reject(new Error("the bare process ended"));
    child.once("exit", failed);
    child.once("message", (answer) => {
      child.off("exit", failed);
      resolve(answer as T);
    });
    child.send(message);
  });
}
