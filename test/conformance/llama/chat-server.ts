import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("server.py", import.meta.url));
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
  /** Tokens that it has read and written since it started. */
  tokens(): Promise<{ readonly read: number; readonly written: number }>;
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
 * @param python an interpreter with the packages of chat-requirements.txt and chat-alone.txt
 */
export async function startLlamaServer(python: string): Promise<LlamaServer> {
  let child: ChildProcess;
  async function start(port: number): Promise<string> {
    const flags = { threads: THREADS, slots: SLOTS, context: CONTEXT, port };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    const started = spawn(python, [SCRIPT, ...args], { stdio: ["pipe", "pipe", "ignore"] });
    child = started;
    for await (const line of createInterface({ input: started.stdout })) if (line.startsWith("http://")) return line;
    throw new Error("llama.cpp's server ended before it said its address; run server.py by hand to see why");
  }
  const url = await start(0);
  const { build_info } = (await (await fetch(`${url}/props`)).json()) as { build_info?: string };
  return {
    url,
    version: build_info ?? "unknown",
    async tokens() {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const counter = (name: string) => Number(new RegExp(`^llamacpp:${name} (\\S+)`, "m").exec(metrics)?.[1]);
      return { read: counter("prompt_tokens_total"), written: counter("tokens_predicted_total") };
    },
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
