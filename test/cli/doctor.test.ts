import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runCli } from "../support/cli.ts";
import { freePort } from "../support/free-port.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

interface Finding {
  readonly name: string;
  readonly state: string;
  readonly message: string;
  readonly fix?: string;
}

async function examine(env: Record<string, string> = {}): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, stdout, stderr } = await runCli(["doctor", "--json", "--config", tiny.config], { env });
  assert.equal(stderr, "");
  return { code, findings: JSON.parse(stdout) };
}

const failing = (findings: readonly Finding[]) => findings.filter(({ state }) => state === "fail");

describe("rewardgate doctor", () => {
  it("finds all well, and reproduces the golden scores", async () => {
    const { code, findings } = await examine();
    assert.equal(code, 0, JSON.stringify(failing(findings)));
    assert.deepEqual(
      findings.map(({ name }) => name),
      [
        "node",
        "cores",
        "memory",
        "open files",
        "onnxruntime",
        "tokenizers",
        "config",
        "cuda",
        "port http",
        "port grpc",
        "port admin",
        "bundles",
        "golden scores",
      ],
    );
    assert.match(findings.at(-1)!.message, /32 golden scores of 2 judges reproduced/);
  });

  it("counts no golden scores of a judge that sits in no panel, which it does not open", async () => {
    const text = readFileSync(tiny.config, "utf8");
    writeFileSync(
      tiny.config,
      text.replace(/^judges:\n/m, "$&  spare: { bundle: models/tiny-reward, backend: local, overlong: truncate }\n"),
    );
    try {
      const { code, findings } = await examine();
      assert.equal(code, 0, JSON.stringify(failing(findings)));
      const said = "32 golden scores of 2 judges reproduced; not opened, since they sit in no panel: spare";
      assert.equal(findings.at(-1)!.message, said);
    } finally {
      writeFileSync(tiny.config, text);
    }
  });

  it("names a port that is taken", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      const { code, findings } = await examine({ REWARDGATE_HTTP_PORT: String(port) });
      assert.equal(code, 1);
      const [found, ...others] = failing(findings);
      assert.deepEqual([found!.name, others.length], ["port http", 0]);
      assert.match(found!.message, new RegExp(`127\\.0\\.0\\.1:${port} cannot be used \\(EADDRINUSE\\)`));
      assert.match(found!.fix!, /end what listens there/);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("names a configuration that is wrong, and stops there", async () => {
    const { code, findings } = await examine({ REWARDGATE_GRPC_PORT: "grpc" });
    assert.equal(code, 1);
    assert.deepEqual(
      failing(findings).map(({ name }) => name),
      ["config"],
    );
    assert.match(failing(findings)[0]!.message, /REWARDGATE_GRPC_PORT/);
  });

  it("names two listeners on one port, which is free before either listens", async () => {
    const port = await freePort();
    const { code, findings } = await examine({ REWARDGATE_HTTP_PORT: String(port), REWARDGATE_ADMIN_PORT: String(port) });
    assert.equal(code, 1);
    assert.match(failing(findings)[0]!.message, /server\.admin\.port: port \d+ is that of server\.http as well/);
  });

  it("names a file with one flipped bit", async () => {
    const graph = join(tiny.folder.path, "models/trunk/model.onnx");
    const bytes = readFileSync(graph);
    const damaged = Buffer.from(bytes);
    damaged[200]! ^= 1;
    writeFileSync(graph, damaged);
    try {
      const { code, findings } = await examine();
      assert.equal(code, 1);
      assert.deepEqual(
        failing(findings).map(({ name }) => name),
        ["bundles"],
      );
      assert.match(failing(findings)[0]!.message, /files\.graph\.sha256/);
    } finally {
      writeFileSync(graph, bytes);
    }
  });

  it("names a judge whose server does not answer, which is no failure: it may come later", async () => {
    const text = readFileSync(tiny.config, "utf8");
    const port = await freePort();
    const added = text
      .replace(/^backends:\n/m, `$&  llm: { type: openai, url: "http://127.0.0.1:${port}/v1", model: m }\n`)
      .replace(/^judges:\n/m, "$&  critic: { kind: critique, backend: llm, rubric: { text: It is right. } }\n")
      .replace(/^panels:\n/m, "$&  away: { members: [{ judge: critic, calibration: none }] }\n");
    writeFileSync(tiny.config, added);
    try {
      const { code, findings } = await examine();
      assert.equal(code, 0, JSON.stringify(failing(findings)));
      const found = findings.find(({ name }) => name === "servers");
      assert.deepEqual([found?.state, found?.message], ["warn", "judge critic: no server of backend llm answers"]);
      assert.match(found!.fix!, /url/);
    } finally {
      writeFileSync(tiny.config, text);
    }
  });

  it("names the store of server state that does not open", async () => {
    const text = readFileSync(tiny.config, "utf8");
    writeFileSync(tiny.config, `${text}states: { scales: { kind: runningScale, judges: [tiny-reward] } }\n`);
    try {
      const { code, findings } = await examine({ REWARDGATE_STATE_REDIS_URL: "redis://127.0.0.1:1" });
      assert.equal(code, 1);
      assert.deepEqual(
        failing(findings).map(({ name }) => name),
        ["state store"],
      );
      assert.match(failing(findings)[0]!.message, /ECONNREFUSED.*check its address/);
    } finally {
      writeFileSync(tiny.config, text);
    }
  });

  it("names CUDA where it is asked for and is not there", async (t) => {
    const text = readFileSync(tiny.config, "utf8");
    writeFileSync(tiny.config, text.replace("executors: 1", "executors: 1\n    device: cuda"));
    try {
      const { findings } = await examine();
      const cuda = findings.find(({ name }) => name === "cuda")!;
      if (cuda.state === "ok") return t.diagnostic("the CUDA part of ONNX Runtime is installed here");
      assert.match(cuda.message, /not installed, and asked for by: local/);
      assert.match(cuda.fix!, /checkout run `npm run setup:cuda`, .*image with CUDA/);
    } finally {
      writeFileSync(tiny.config, text);
    }
  });
});
