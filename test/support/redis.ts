import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";

/** Why the tests of Redis do not run on this machine; undefined when they do. */
export const redisMissing: string | undefined =
  spawnSync("redis-server", ["--version"]).status === 0
    ? undefined
    : "no redis-server on PATH; install it (Debian: apt-get install redis-server) to run the tests of the Redis store";

/** A Redis of the test's own, on a free port of this machine. */
export interface TestRedis {
  readonly url: string;
  /** Ends the server without a chance to write anything; `start` brings it back with what it had written before. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops it in mid-air: it holds its connections and answers nothing, until it goes on. */
  freeze(): void;
  thaw(): void;
  /** Ends the server and removes its files. */
  remove(): Promise<void>;
}

/** Starts one. What it answered outlives its process. @param more options of the server */
export async function startRedis(...more: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), "rewardgate-redis-"));
  const port = await freePort();
  const options = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
    // A killed process loses nothing that it has written, and no answer has to wait for a slow disk.
    "--appendfsync",
    "no",
    ...more,
  ];
  let server: ReturnType<typeof spawn>;
  const start = async () => {
    server = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise<void>((resolve, reject) => {
      let said = "";
      server.stdout!.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (said.includes("Ready to accept connections")) resolve();
      });
      server.once("error", reject);
      server.once("exit", () => reject(new Error(`redis-server ended: ${said}`)));
    });
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    server.kill("SIGKILL");
    await exited;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    start,
    freeze: () => void server.kill("SIGSTOP"),
    thaw: () => void server.kill("SIGCONT"),
    async remove() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
