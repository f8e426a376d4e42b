import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

describe("rewardgate check", () => {
  it("says that all is well", async () => {
    const { code, stdout, stderr } = await runCli(["check", tiny.config]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /rewardgate\.yaml: ok \(2 judges, 2 panels, 1 model\)/);
  });

  it("prints every problem with its place and exits with 2", async () => {
    const broken = tiny.folder.write(
      "broken.yaml",
      "apiVersion: rewardgate/v1\nbackends:\n  local: { type: onnx, device: tpu }\njudges:\n  a: { bundle: x, backend: nowhere }\npanels:\n  p: { members: [{ judge: b }] }\n",
    );
    const { code, stdout, stderr } = await runCli(["check", broken]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /error: the configuration has 3 problems:/);
    assert.match(stderr, /broken\.yaml:3:\d+ backends\.local\.device: /);
    assert.match(stderr, /broken\.yaml:5:\d+ judges\.a\.backend: no backend "nowhere"; allowed: local/);
    assert.match(stderr, /broken\.yaml:7:\d+ panels\.p\.members\[0\]\.judge: no judge "b"; (did you mean a\? )?allowed: a/);
  });

  it("reads the tokenizer that a wire names, so that no start fails on it with its models loaded", async () => {
    const wires = "wires: { triton: { panel: chat, tokenizer: absent.json } }\n";
    const file = tiny.folder.write("wires.yaml", readFileSync(tiny.config, "utf8") + wires);
    const { code, stderr } = await runCli(["check", file]);
    assert.equal(code, 2);
    assert.match(stderr, /wires\.yaml:\d+:\d+ wires\.triton\.tokenizer: cannot be read as a tokenizer\.json; name the tokenizer/);
    tiny.folder.write("absent.json", Buffer.from("für", "latin1"));
    assert.match((await runCli(["check", file])).stderr, /wires\.triton\.tokenizer: not UTF-8; save it as UTF-8/);
    rmSync(join(tiny.folder.path, "absent.json"));
  });

  it("names a wire on the path of another route by its key, so that no start fails on it with its models loaded", async () => {
    const wires =
      "wires:\n  score: { panel: chat, path: /v1/score }\n  slime: { panel: chat, path: /reward }\n  openrlhf: { panel: chat, path: /reward }\n";
    const file = tiny.folder.write("paths.yaml", readFileSync(tiny.config, "utf8") + wires);
    const { code, stderr } = await runCli(["check", file]);
    assert.equal(code, 2);
    assert.match(stderr, /the configuration has 2 problems:/);
    assert.match(
      stderr,
      /paths\.yaml:\d+:\d+ wires\.score\.path: \/v1\/score is the path of a route of the gateway as well; give the wire/,
    );
    assert.match(stderr, /paths\.yaml:\d+:\d+ wires\.slime\.path: \/reward is the path of wires\.openrlhf as well; give the wire another/);
  });

  it("names two listeners on one port, of addresses that overlap", async () => {
    const servers = (text: string) => readFileSync(tiny.config, "utf8").replace(/^server:\n(?: .*\n)+/m, `server: ${text}\n`);
    const file = tiny.folder.write(
      "ports.yaml",
      servers("{ http: { port: 8080 }, grpc: { host: 0.0.0.0, port: 8080 }, admin: { host: 10.0.0.1, port: 8080 } }"),
    );
    const { code, stderr } = await runCli(["check", file]);
    assert.equal(code, 2);
    assert.match(stderr, /the configuration has 2 problems:/);
    assert.match(stderr, /ports\.yaml:\d+:\d+ server\.grpc\.port: port 8080 is that of server\.http as well; give each listener a port/);
    assert.match(stderr, /ports\.yaml:\d+:\d+ server\.admin\.port: port 8080 is that of server\.grpc as well/);
    const apart = tiny.folder.write(
      "apart.yaml",
      servers("{ http: { port: 8080 }, grpc: { host: 10.0.0.1, port: 8080 }, admin: { port: 0 } }"),
    );
    assert.equal((await runCli(["check", apart])).code, 0);
  });

  it("opens the keys of backends, so that no start fails on one that is not there", async () => {
    const keyed = (apiKey: string) => `\n  llm: { type: openai, url: "http://127.0.0.1:1/v1", model: m, apiKey: ${apiKey} }\njudges:`;
    const write = (apiKey: string) => tiny.folder.write("keys.yaml", readFileSync(tiny.config, "utf8").replace("\njudges:", keyed(apiKey)));
    const { code, stderr } = await runCli(["check", write("{ file: keys/absent }")]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /keys\.yaml:\d+:\d+ backends\.llm\.apiKey: the API key of backend "llm" is missing: \S+keys\/absent cannot be read;/,
    );
    assert.match((await runCli(["check", write("{ env: NO_KEY_HERE }")])).stderr, /backends\.llm\.apiKey: .* NO_KEY_HERE is not set/);
    tiny.folder.write("keys/latin1", Buffer.from("schlüssel", "latin1"));
    assert.match((await runCli(["check", write("{ file: keys/latin1 }")])).stderr, /keys\/latin1 is not UTF-8;/);
    tiny.folder.write("keys/llm", "secret\n");
    assert.deepEqual([(await runCli(["check", write("{ file: keys/llm }")])).stderr], [""]);
  });

  it("refuses a wire on an address of the open inference protocol", async () => {
    const wires = "wires:\n  triton: { panel: chat }\n  slime: { panel: chat, path: /v2/models/reward/infer }\n";
    const file = tiny.folder.write("triton.yaml", readFileSync(tiny.config, "utf8") + wires);
    const { code, stderr } = await runCli(["check", file]);
    assert.equal(code, 2);
    assert.match(stderr, /wires\.slime\.path: \/v2\/models\/reward\/infer is the path of wires\.triton as well; give the wire another/);
  });

  it("reads the password of a store that states need, and of no other", async () => {
    const store = "state: { store: { type: redis, url: redis://127.0.0.1:1, passwordFile: keys/none } }\n";
    const write = (states: string) => tiny.folder.write("store.yaml", readFileSync(tiny.config, "utf8") + store + states);
    const { code, stderr } = await runCli(["check", write("states: { scales: { kind: runningScale, judges: [tiny-reward] } }\n")]);
    assert.equal(code, 2);
    assert.match(stderr, /store\.yaml:\d+:\d+ state\.store\.passwordFile: \S+keys\/none cannot be read; name a file/);
    assert.equal((await runCli(["check", write("")])).code, 0);
  });

  it("opens the tokenizers of engines that are asked for likelihoods", async () => {
    const engine =
      '\n  policy: { type: logprobs, engine: vllm, url: "http://127.0.0.1:1", model: m, tokenizer: { file: words.json } }\njudges:';
    tiny.folder.write("words.json", '{ "words": [] }');
    const file = tiny.folder.write("words.yaml", readFileSync(tiny.config, "utf8").replace("\njudges:", engine));
    const { code, stderr } = await runCli(["check", file]);
    assert.equal(code, 2);
    assert.match(stderr, /words\.yaml:\d+:\d+ backends\.policy\.tokenizer\.file: the tokenizer is not usable: it does not have the form/);
  });
});
