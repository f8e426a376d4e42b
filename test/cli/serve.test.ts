import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, it } from "node:test";
import { isCudaInstalled } from "../../src/backends/onnx/device.ts";
import { runCli, startCli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { settled } from "../support/settled.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

/** Resolves with what the command printed once it says that it is ready, rejects when it ends before. */
function ready(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.stdout!.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      if (/^ready/m.test(stdout)) resolve(stdout);
    });
    child.on("close", (code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
}

describe("rewardgate serve", () => {
  it("prints its addresses, answers, and stops with 0 on SIGTERM; a flag goes over the environment", async () => {
    const [wanted, overruled] = [await freePort(), await freePort()];
    const child = startCli(["serve", "--config", tiny.config, "--http-port", String(wanted)], {
      env: { REWARDGATE_HTTP_PORT: String(overruled), REWARDGATE_LOG_LEVEL: "warn" },
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    try {
      const stdout = await ready(child);
      const http = /^HTTP +(\S+)/m.exec(stdout)![1]!;
      const admin = /^admin +(\S+)/m.exec(stdout)![1]!;
      assert.equal(http, `http://127.0.0.1:${wanted}`);
      assert.match(stdout, /^gRPC +127\.0\.0\.1:\d+$/m);
      const answer = await fetch(`${http}/v1/score`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ panel: "chat", items: [{ id: "1", prompt: "what is good", candidates: [{ content: "the word" }] }] }),
      });
      assert.equal(answer.status, 200);
      const { results } = (await answer.json()) as { results: { candidates: { reward: number }[] }[] };
      assert.ok(Number.isFinite(results[0]!.candidates[0]!.reward));
      assert.equal((await fetch(`${admin}/readyz`)).status, 200);
    } finally {
      child.kill("SIGTERM");
    }
    assert.equal(await ended, 0);
  });

  it("serves although nobody takes its addresses, and stops with 0 on SIGTERM", async () => {
    const [http, admin] = [await freePort(), await freePort()];
    const child = startCli(["serve", "--config", tiny.config, "--http-port", String(http), "--admin-port", String(admin)]);
    let code: number | null | undefined;
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve)).then((given) => {
      code = given;
      return given;
    });
    const get = (port: number, path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`).then(
        ({ ok }) => ok,
        () => false,
      );
    try {
      child.stdout!.destroy();
      await settled(async () => code !== undefined || (await get(admin, "/readyz")));
      // By the second answer it has tried to say where it listens.
      for (let n = 0; n < 2; n++) assert.equal(await get(http, "/v1/version"), true);
    } finally {
      child.kill("SIGTERM");
    }
    assert.equal(await ended, 0);
  });

  it("says whose CUDA is missing and how to get it, in one line and within one attempt", async (t) => {
    if (isCudaInstalled()) return t.diagnostic("the CUDA part of ONNX Runtime is installed here");
    const text = readFileSync(tiny.config, "utf8").replace("executors: 1", "executors: 1\n    device: cuda");
    const { code, stdout, stderr } = await runCli(["serve", "--config", tiny.folder.write("cuda.yaml", text)]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^error: backend "local.*" asks for device cuda:0, but .*npm run setup:cuda.*\n$/m);
    assert.doesNotMatch(stderr, /"stack"| at .*\.ts:/);
  });

  it("refuses an empty address, which would open the admin port to everybody", async () => {
    const { code, stderr } = await runCli(["serve", "--config", tiny.config, "--host", ""]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /'--host <address>' argument '' is invalid\. use an address/);
  });

  it("says which port is taken, leaves no process behind, and exits with another code than 0", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      const { code, stderr } = await runCli(["serve", "--config", tiny.config], { env: { REWARDGATE_GRPC_PORT: String(port) } });
      assert.ok(code === 1 || code === 2, `code ${code}`);
      assert.match(stderr, new RegExp(`error: .*${port}`));
      assert.doesNotMatch(stderr, /\n +at /);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
