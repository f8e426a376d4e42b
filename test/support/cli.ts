import { type ChildProcess, spawn } from "node:child_process";
import { PROGRAM } from "./program.ts";

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliCall {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Descriptor of a file that takes the place of the pipe. */
  readonly stdout?: number;
}

/** Starts the real command line in a process of its own. */
export function startCli(args: readonly string[], { cwd, env = {}, stdout }: CliCall = {}): ChildProcess {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REWARDGATE_")));
  return spawn(process.execPath, [...PROGRAM, ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ["pipe", stdout ?? "pipe", "pipe"],
  });
}

/** Runs the real command line to its end. */
export function runCli(args: readonly string[], call: CliCall = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = startCli(args, call);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text) => {
        output[name] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
    child.stdin!.end(call.input ?? "");
  });
}
