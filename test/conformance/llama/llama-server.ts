import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("serve.py", import.meta.url));
/** One thread: more of them wait for each other in a busy loop, and on cores that others use too that takes ten times as long. */
const THREADS = 1;
const SLOTS = 2;
const CONTEXT = 4096;

/** A llama.cpp server that runs. */
export interface LlamaServer {
  /** Address, without a path. */
  readonly url: string;
  /** Its build, as its answers say it. */
  readonly version: string;
  /** Resolves once a call is being answered. */
  busy(): Promise<void>;
  /** Ends it without a word, as the kernel does when memory runs out. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  restart(): Promise<void>;
}

/**
 * Starts llama.cpp's server with SmolLM2-135M-Instruct on the loopback.
 *
 * @param python an interpreter with the packages of requirements.txt
 */
export async function startLlamaServer(python: string): Promise<LlamaServer> {
  let child: ChildProcess;
  async function start(port: number): Promise<string> {
    const started = spawn(python, [SCRIPT, ...[THREADS, SLOTS, CONTEXT, port].map(String)], { stdio: ["pipe", "pipe", "ignore"] });
    child = started;
    for await (const line of createInterface({ input: started.stdout })) if (line.startsWith("http://")) return line;
    throw new Error("llama.cpp's server ended before it said its address; run serve.py by hand to see why");
  }
  const url = await start(0);
  const { build_info } = (await (await fetch(`${url}/props`)).json()) as { build_info?: string };
  return {
    url,
    version: build_info ?? "unknown",
    async busy() {
      for (;;) {
        const slots = (await (await fetch(`${url}/slots`)).json()) as { is_processing: boolean }[];
        if (slots.some(({ is_processing }) => is_processing)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    kill() {
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.kill("SIGKILL");
      return ended;
    },
    async restart() {
      await start(Number(new URL(url).port));
    },
  };
}
