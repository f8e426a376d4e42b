import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { executorsOf } from "./processes.ts";
import { PROGRAM } from "./program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface SpawnedGateway {
  readonly process: ChildProcess;
  readonly http: string;
  readonly grpc: string;
  readonly admin: string;
  /** Exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Everything it wrote to standard error so far. */
  stderr(): string;
  /** Process ids of its inference processes. */
  executors(): Promise<number[]>;
}

/**
 * Starts `rewardgate serve` as a user does, in a process of its own, and waits until it is ready. Of the settings in the environment it
 * sees those that are given alone.
 */
export async function spawnGateway(config: string, environment: Record<string, string> = {}): Promise<SpawnedGateway> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REWARDGATE_")));
  const child = spawn(process.execPath, [...PROGRAM, "serve", "--config", config, "--log-level", "warn"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...inherited, ...environment },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const addresses: Record<string, string> = {};
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      const [name, address] = line.split(/\s+/);
      if (name && address) addresses[name.toLowerCase()] = address;
      if (line.startsWith("ready")) resolve();
    });
    exited.then((code) => reject(new Error(`the gateway ended with ${code}: ${stderr}`)));
  });
  return {
    process: child,
    http: addresses.http!,
    grpc: addresses.grpc!,
    admin: addresses.admin!,
    exited,
    stderr: () => stderr,
    executors: async () => executorsOf(child.pid!),
  };
}
