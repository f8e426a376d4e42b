import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { addBundle } from "../../../src/cli/models/add.ts";
import { listBundles } from "../../../src/cli/models/list.ts";
import { LOCK_FILE, readLock } from "../../../src/cli/models/lock.ts";
import { pullBundle } from "../../../src/cli/models/pull.ts";
import { parseSource } from "../../../src/cli/models/source.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { type FileServer, startFileServer } from "../../support/file-server.ts";

const EXPORTED = fileURLToPath(new URL("../../fixtures/exported/llama-bf16", import.meta.url));
const FILES = ["golden.jsonl", "judge.yaml", "model.onnx", "tokenizer.json"];
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const read = (name: string) => readFileSync(join(EXPORTED, name));
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

let server: FileServer;
let models: string;
const folder = temporaryFolder();
before(async () => {
  server = await startFileServer();
});
after(async () => {
  await server.close();
  folder.remove();
});
let count = 0;
beforeEach(() => {
  models = join(folder.path, `models-${count++}`);
  mkdirSync(models);
});
afterEach(() => {
  server.intercept = undefined;
  server.files.clear();
  server.seen.length = 0;
});

function serveBundle(prefix: string, change: (name: string, bytes: Buffer) => Uint8Array = (_, bytes) => bytes): void {
  for (const name of FILES) server.files.set(`${prefix}/${name}`, change(name, read(name)));
}
function serveHub(): void {
  server.files.set("/api/models/org/judge/revision/main", Buffer.from(JSON.stringify({ sha: COMMIT })));
  serveBundle(`/org/judge/resolve/${COMMIT}`);
}
const places = () => ({ hub: server.address, index: `${server.address}/simple`, token: "secret-token" });
const add = (given: string, name?: string) => addBundle({ given, name, models, limit: 1e7, places: places() });
const here = (name: string) => readdirSync(join(models, name)).sort();

test("addBundle() of a web address fetches every file, pins judge.yaml, and sends no token", async () => {
  serveBundle("/judges/tiny");
  const { name, pin } = await add(`${server.address}/judges/tiny/judge.yaml`);
  assert.equal(name, "tiny");
  assert.deepEqual(here("tiny"), FILES);
  assert.deepEqual(pin, { source: `${server.address}/judges/tiny/`, sha256: sha256(read("judge.yaml")) });
  assert.deepEqual((await readLock(models)).bundles, { tiny: pin });
  assert.ok(server.seen.every(({ authorization }) => authorization === undefined));
  assert.deepEqual(readdirSync(models).sort(), [LOCK_FILE, "tiny"].sort());
  const [listed] = await listBundles(models);
  assert.deepEqual([listed?.state, listed?.kind, listed?.license, listed?.source], ["ok", "scalar", "Apache-2.0", pin!.source]);
});

test("addBundle() of a hub id pins the commit and sends the token to the hub", async () => {
  serveHub();
  const { pin } = await add("org/judge");
  assert.equal(pin!.source, `org/judge@${COMMIT}`);
  assert.ok(server.seen.length >= 5 && server.seen.every(({ authorization }) => authorization === "Bearer secret-token"));
});

test("addBundle() of a wheel takes the one with the index's digest", async () => {
  const inside = Object.fromEntries(FILES.map((name) => [`tiny_judge/bundle/${name}`, new Uint8Array(read(name))]));
  const wheel = zipSync({ ...inside, "tiny_judge/__init__.py": new Uint8Array() });
  const filename = "tiny_judge-1.2.0-py3-none-any.whl";
  const page = (digest: string) =>
    Buffer.from(JSON.stringify({ files: [{ filename, url: `/files/${filename}`, hashes: { sha256: digest } }] }));
  server.files.set(`/files/${filename}`, wheel);
  server.files.set("/simple/tiny-judge/", page("f".repeat(64)));
  await assert.rejects(add("pypi:Tiny_Judge==1.2.0:tiny_judge/bundle", "tiny"), /not the pinned one/);
  server.files.set("/simple/tiny-judge/", page(sha256(wheel)));
  const { pin } = await add("pypi:Tiny_Judge==1.2.0:tiny_judge/bundle", "tiny");
  assert.deepEqual(here("tiny"), FILES);
  assert.equal(pin!.source, "pypi:Tiny_Judge==1.2.0:tiny_judge/bundle");
  await assert.rejects(add("pypi:tiny-judge==9.9:x"), /no wheel of tiny-judge 9\.9/);
});

test("addBundle() of a wheel gives an index the name and password of its address, and tells nobody", async () => {
  const inside = Object.fromEntries(FILES.map((name) => [`bundle/${name}`, new Uint8Array(read(name))]));
  const wheel = zipSync(inside);
  const filename = "tiny-1.0-none-any.whl";
  const hashes = { sha256: sha256(wheel) };
  server.files.set("/files/tiny-1.0-none-any.whl", wheel);
  server.files.set("/simple/tiny/", Buffer.from(JSON.stringify({ files: [{ filename, url: `/files/${filename}`, hashes }] })));
  const index = `${server.address.replace("http://", "http://reader:a%40b@")}/simple`;
  const { pin } = await addBundle({
    given: "pypi:tiny==1.0:bundle",
    name: "tiny",
    models,
    limit: 1e7,
    places: { hub: server.address, index },
  });
  const basic = `Basic ${Buffer.from("reader:a@b").toString("base64")}`;
  assert.deepEqual(
    server.seen.map(({ authorization }) => authorization),
    [basic, basic],
  );
  assert.doesNotMatch(JSON.stringify(pin), /reader/);
});

test("pullBundle() brings back what is pinned, and refuses a judge.yaml that is another", async () => {
  serveHub();
  const { name, pin } = await add("org/judge");
  rmSync(join(models, name), { recursive: true });
  assert.deepEqual(
    (await listBundles(models)).map(({ state }) => state),
    ["missing"],
  );
  const pull = { models, name, source: parseSource(pin!.source), sha256: pin!.sha256, limit: 1e7, places: places() };
  await pullBundle(pull);
  assert.deepEqual(here(name), FILES);
  server.files.set(`/org/judge/resolve/${COMMIT}/judge.yaml`, Buffer.concat([read("judge.yaml"), Buffer.from("# changed\n")]));
  await assert.rejects(pullBundle(pull), /is pinned; add it again/);
  assert.deepEqual(readFileSync(join(models, name, "judge.yaml")), read("judge.yaml"));
});

test("pullBundle() puts nothing in place until every file is there, and goes on later", async () => {
  serveBundle("/tiny", (name, bytes) => (name === "tokenizer.json" ? Buffer.from("{}") : bytes));
  const given = `${server.address}/tiny/`;
  await assert.rejects(add(given), /tokenizer\.json has sha256/);
  assert.ok(!existsSync(join(models, "tiny")) && !existsSync(join(models, LOCK_FILE)));
  assert.deepEqual(await listBundles(models), []);
  serveBundle("/tiny");
  server.seen.length = 0;
  await add(given);
  assert.ok(!server.seen.some(({ path }) => path.endsWith("model.onnx")), "what is there already is not fetched again");
});

test("addBundle() refuses a bundle that names files outside of its folder", async () => {
  for (const path of ["../other/model.onnx", "/etc/passwd", "a/../../model.onnx", "judge.yaml", "..\\\\model.onnx"]) {
    serveBundle("/tiny", (name, bytes) =>
      name === "judge.yaml" ? Buffer.from(String(bytes).replace("path: model.onnx", `path: "${path}"`)) : bytes,
    );
    await assert.rejects(add(`${server.address}/tiny/`), /keeps its files inside its folder/, path);
  }
  assert.ok(!existsSync(join(models, "tiny")));
});

test("addBundle() tells a checkpoint from a bundle, in a folder and on a hub", async () => {
  const checkpoint = join(models, "..", "checkpoint");
  mkdirSync(checkpoint, { recursive: true });
  writeFileSync(join(checkpoint, "config.json"), "{}");
  await assert.rejects(add(checkpoint), /python -m export/);
  server.files.set("/api/models/org/model/revision/main", Buffer.from(JSON.stringify({ sha: COMMIT })));
  await assert.rejects(add("org/model"), /python -m export/);
});

test("addBundle() of a folder copies what judge.yaml names, and takes no place that is taken", async () => {
  const given = join(folder.path, "given");
  cpSync(EXPORTED, given, { recursive: true });
  writeFileSync(join(given, "notes.txt"), "not part of it");
  assert.deepEqual(await add(given, "copied"), { name: "copied" });
  assert.deepEqual(here("copied"), FILES);
  await assert.rejects(add(given, "copied"), /is there already/);
  await assert.rejects(add(given, "../copied"), /no name of a folder/);
  writeFileSync(join(given, "golden.jsonl"), "");
  await assert.rejects(add(given, "changed"), /sha-?256|golden/i);
});

test("addBundle() of a folder leaves what waits there of other downloads", async () => {
  serveBundle("/tiny", (name, bytes) => (name === "tokenizer.json" ? Buffer.from("{}") : bytes));
  const address = `${server.address}/tiny/`;
  await assert.rejects(add(address), /tokenizer\.json has sha256/);
  await add(EXPORTED, "copied");
  serveBundle("/tiny");
  server.seen.length = 0;
  await add(address);
  assert.ok(!server.seen.some(({ path }) => path.endsWith("model.onnx")), "what was there already is not fetched again");
  assert.deepEqual(readdirSync(models).sort(), [LOCK_FILE, "copied", "tiny"].sort());
});

test("parseSource() takes hub ids, addresses and wheels, and refuses the rest", () => {
  assert.deepEqual(parseSource("org/name@v1:a/b"), { type: "hub", repository: "org/name", revision: "v1", folder: "a/b/" });
  assert.deepEqual(parseSource("pypi:pkg==1.0"), { type: "wheel", name: "pkg", version: "1.0", folder: "" });
  assert.equal((parseSource("https://host/a") as { address: string }).address, "https://host/a/");
  for (const text of ["name", "org/name@v1:../x", "a/b/c/d", "ftp://host/x", "https://user:word@host/x", "pypi:pkg"]) {
    assert.throws(() => parseSource(text), { name: "UsageError" }, text);
  }
});
