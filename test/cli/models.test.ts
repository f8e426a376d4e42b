import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../support/bundle.ts";
import { runCli } from "../support/cli.ts";
import { startFileServer } from "../support/file-server.ts";

const exported = (name: string) => fileURLToPath(new URL(`../fixtures/exported/${name}`, import.meta.url));
const FAMILIES = ["deberta-v3", "llama-bf16", "math-shepherd", "mistral", "qwen2-beside"];
const folder = temporaryFolder();
after(() => folder.remove());

test("models verify reproduces scores and tokens that transformers gave for exported models", async () => {
  const { code, stdout, stderr } = await runCli(["models", "verify", "--json", ...FAMILIES.map(exported)]);
  assert.equal(code, 0, stderr);
  const results: Record<string, number | string>[] = JSON.parse(stdout);
  assert.deepEqual(
    results.map(({ name, kind, rows, tokenRows }) => [name, kind, rows, tokenRows]),
    [
      ["deberta-v3", "scalar", 26, 26],
      ["llama-bf16", "scalar", 26, 26],
      ["math-shepherd", "process", 18, 18],
      ["mistral", "scalar", 25, 25],
      ["qwen2-beside", "scalar", 26, 26],
    ],
  );
  for (const { goldenMaxAbsError, compositionMaxAbsError } of results)
    assert.ok(Number(goldenMaxAbsError) + Number(compositionMaxAbsError) <= 1e-4);
});

/** A copy of an exported bundle with a file changed, and its digest with it. */
function changed(name: string, file: string, change: (text: string) => string): string {
  const copy = join(folder.path, name);
  cpSync(exported("llama-bf16"), copy, { recursive: true });
  const before = readFileSync(join(copy, file), "utf8");
  const after = change(before);
  assert.notEqual(after, before);
  writeFileSync(join(copy, file), after);
  if (file === "judge.yaml") return copy;
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");
  const manifest = readFileSync(join(copy, "judge.yaml"), "utf8");
  writeFileSync(join(copy, "judge.yaml"), manifest.replace(digest(before), digest(after)));
  return copy;
}

test("models verify fails on a second BOS, a generation prompt, other scores and a changed file, and says which", async () => {
  const twice = changed("twice", "judge.yaml", (text) => text.replace("template: '", "template: '<|begin_of_text|>"));
  const prompted = changed("prompted", "judge.yaml", (text) => text.replace("{% if add_generation_prompt %}", "{% if true %}"));
  const scored = changed("scored", "golden.jsonl", (text) => text.replace(/"score": (-?)\d/, '"score": $19'));
  const broken = join(folder.path, "broken");
  cpSync(exported("llama-bf16"), broken, { recursive: true });
  writeFileSync(join(broken, "tokenizer.json"), "{}");
  const { code, stdout } = await runCli(["models", "verify", "--json", twice, prompted, scored, broken]);
  assert.equal(code, 1);
  const errors = (JSON.parse(stdout) as { error: string }[]).map(({ error }) => error);
  assert.match(errors[0]!, /other tokens.*from token 1 on/);
  assert.match(errors[1]!, /other tokens/);
  assert.match(errors[2]!, /does not reproduce its golden scores/);
  assert.match(errors[3]!, /SHA-256/);
});

test("models verify refuses weights beside the graph that are others, or elsewhere", async () => {
  const [tampered, moved] = [join(folder.path, "tampered"), join(folder.path, "moved")];
  for (const copy of [tampered, moved]) cpSync(exported("qwen2-beside"), copy, { recursive: true });
  const bytes = readFileSync(join(tampered, "model.onnx.data"));
  bytes[1000] = bytes[1000]! ^ 1;
  writeFileSync(join(tampered, "model.onnx.data"), bytes);
  cpSync(join(moved, "model.onnx.data"), join(moved, "weights", "model.onnx.data"));
  const manifest = readFileSync(join(moved, "judge.yaml"), "utf8");
  writeFileSync(join(moved, "judge.yaml"), manifest.replace("path: model.onnx.data", "path: weights/model.onnx.data"));
  const { code, stdout } = await runCli(["models", "verify", "--json", tampered, moved]);
  assert.equal(code, 1);
  const [changed, elsewhere] = (JSON.parse(stdout) as { error: string }[]).map(({ error }) => error);
  assert.match(changed!, /files\.weights\.sha256.*SHA-256/s);
  assert.match(elsewhere!, /files\.weights\.path.*not in the folder of the graph/s);
});

test("models add prints a judge that a configuration with the backend of the shipped one takes, whatever the folder is called", async () => {
  for (const name of ["Llama-3.1_RM", "0-shot"]) {
    const { code, stdout, stderr } = await runCli(["models", "add", exported("llama-bf16"), "--name", name], { cwd: folder.path });
    assert.equal(code, 0, stderr);
    const judges = /^judges:\n +(\S+): .*$/m.exec(stdout)!;
    const panels = `panels: { one: { members: [{ judge: ${judges[1]}, calibration: none }] } }`;
    const config = folder.write(
      "rewardgate.yaml",
      `apiVersion: rewardgate/v1\nbackends: { local: { type: onnx } }\n${judges[0]}\n${panels}\n`,
    );
    const check = await runCli(["check", config]);
    assert.equal(check.code, 0, check.stderr);
  }
});

test("models add, list and pull work from the command line, and the hub's token is in no output", async () => {
  const server = await startFileServer();
  const commit = "a".repeat(40);
  server.files.set("/api/models/org/tiny/revision/main", Buffer.from(JSON.stringify({ sha: commit })));
  for (const name of ["judge.yaml", "model.onnx", "tokenizer.json", "golden.jsonl"]) {
    server.files.set(`/org/tiny/resolve/${commit}/${name}`, readFileSync(join(exported("llama-bf16"), name)));
  }
  const models = join(folder.path, "models");
  folder.write("models/.keep", "");
  const env = { HF_ENDPOINT: server.address, HF_TOKEN: "secret-token" };
  const run = (...args: string[]) => runCli(["--debug", "models", ...args, "--models", models], { env });
  try {
    const added = await run("add", "org/tiny");
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stdout, new RegExp(`pinned to org/tiny@${commit}`));
    const listed = await run("list");
    assert.match(listed.stdout, /tiny +ok +scalar +\d+ kB +[0-9a-f]{12} +Apache-2\.0 +org\/tiny@a{40}/);
    assert.equal((await run("pull")).stdout, "tiny: here\n");
    writeFileSync(join(models, "tiny", "tokenizer.json"), "{}");
    assert.equal((await run("list")).code, 1);
    assert.equal((await run("pull", "tiny")).stdout, "tiny: fetched\n");
    assert.equal((await run("list")).code, 0);
    const unknown = await run("pull", "other");
    assert.equal(unknown.code, 2);
    const refused = await run("add", "org/secret");
    for (const { stdout, stderr } of [added, listed, unknown, refused]) assert.doesNotMatch(stdout + stderr, /secret-token/);
  } finally {
    await server.close();
  }
});
