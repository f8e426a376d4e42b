import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { download } from "../../../src/cli/models/download.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { temporaryFolder } from "../../support/bundle.ts";
import { type FileServer, startFileServer } from "../../support/file-server.ts";
import { settled } from "../../support/settled.ts";

const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 255);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const folder = temporaryFolder();
let server: FileServer;
before(async () => {
  server = await startFileServer();
  server.files.set("/model.onnx", bytes);
});
after(async () => {
  await server.close();
  folder.remove();
});
/** Bytes of the file that the download under way has written. */
let written = 0;
afterEach(() => {
  server.intercept = undefined;
  server.ranges = true;
  server.seen.length = 0;
  written = 0;
});

let count = 0;
const fileAt = () => join(folder.path, `file-${count++}`);
const onBytes = (have: number) => {
  written = have;
};
const fetchTo = (path: string, more: { sha256?: string; limit?: number; token?: string; address?: string } = {}) =>
  download(
    { address: more.address ?? `${server.address}/model.onnx`, path, sha256: more.sha256 ?? sha256, limit: more.limit ?? 1e6, onBytes },
    more.token === undefined ? {} : { token: more.token },
  );
const fails = (reason: string, message: RegExp) => (error: unknown) =>
  error instanceof GatewayError && error.reason === reason && message.test(error.message);

/** Sends `size` bytes of the file from where the request says, and breaks the connection when some of them are written. */
function cutAfter(size: number, times: number): void {
  server.intercept = (request, response) => {
    if (times-- <= 0) return false;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "bytes=0-")![1]);
    const range = from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from, ...range });
    response.write(bytes.subarray(from, from + size));
    settled(() => written > from).then(() => response.destroy());
    return true;
  };
}

test("download(file) writes the file and leaves nothing else", async () => {
  const path = fileAt();
  const heard: number[] = [];
  await download({ address: `${server.address}/model.onnx`, path, sha256, limit: 1e6, onBytes: (have) => heard.push(have) }, {});
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  assert.ok(!existsSync(`${path}.partial`));
  assert.equal(heard.at(-1), bytes.length);
});

test("download(file) goes on after a cut connection where it was", async () => {
  const path = fileAt();
  cutAfter(100_000, 2);
  await fetchTo(path);
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  const starts = server.seen.map(({ range }) => Number(/\d+/.exec(range ?? "0")![0]));
  assert.equal(starts.length, 3);
  assert.ok(starts[0] === 0 && starts[1]! > 0 && starts[2]! > starts[1]!, String(starts));
});

test("download(file) goes on from what an earlier call left", async () => {
  const path = fileAt();
  writeFileSync(`${path}.partial`, bytes.subarray(0, 123_456));
  await fetchTo(path);
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  assert.deepEqual(
    server.seen.map(({ range }) => range),
    ["bytes=123456-"],
  );
});

test("download(file) starts over where a server knows no ranges", async () => {
  const path = fileAt();
  server.ranges = false;
  writeFileSync(`${path}.partial`, bytes.subarray(0, 1000));
  await fetchTo(path);
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
});

test("download(file) starts over when what an earlier call left is of another file, or is the whole of one", async () => {
  for (const left of [bytes.subarray(500, 900), new Uint8Array(bytes.length), new Uint8Array(bytes.length + 5)]) {
    const path = fileAt();
    writeFileSync(`${path}.partial`, left);
    await fetchTo(path);
    assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  }
});

test("download(file) does not believe a file with another digest, and throws it away", async () => {
  const path = fileAt();
  await assert.rejects(fetchTo(path, { sha256: "0".repeat(64) }), fails("CONFIG_INVALID", /model\.onnx has sha256 .* not the pinned one/));
  assert.ok(!existsSync(path) && !existsSync(`${path}.partial`));
});

test("download(file) refuses a file that is too large, by its announced length or by its bytes", async () => {
  await assert.rejects(fetchTo(fileAt(), { limit: 1000 }), fails("CONFIG_INVALID", /larger than 1000 bytes/));
  server.intercept = (_, response) => {
    response.writeHead(200).end(bytes);
    return true;
  };
  await assert.rejects(fetchTo(fileAt(), { limit: 1000 }), fails("CONFIG_INVALID", /larger than 1000 bytes/));
});

test("download(file) sends the token to the first host, and not to where that sends it on", async () => {
  const storage = await startFileServer();
  storage.files.set("/blob", bytes);
  server.intercept = (_, response) => {
    response.writeHead(302, { location: `${storage.address}/blob?signature=1` }).end();
    return true;
  };
  const path = fileAt();
  await fetchTo(path, { token: "secret-token" }).finally(() => storage.close());
  assert.deepEqual(readFileSync(path), Buffer.from(bytes));
  assert.deepEqual(
    [server.seen, storage.seen].map((seen) => seen.map(({ authorization }) => authorization)),
    [["Bearer secret-token"], [undefined]],
  );
});

test("download(file) says what to do when a file is not given out, and never the token", async () => {
  server.intercept = (_, response) => {
    response.writeHead(401).end("secret-token");
    return true;
  };
  await assert.rejects(fetchTo(fileAt(), { token: "secret-token" }), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.match(error.message, /HTTP 401.*HF_TOKEN/);
    assert.doesNotMatch(error.message, /secret-token/);
    return true;
  });
});

test("download(file) follows no endless redirect", async () => {
  // A try follows five; it is given up when the second begins.
  const caller = new AbortController();
  server.intercept = (_, response) => {
    if (server.seen.length > 6) caller.abort();
    response.writeHead(302, { location: "/again" }).end();
    return true;
  };
  await assert.rejects(download({ address: `${server.address}/x`, path: fileAt(), sha256, limit: 1e6 }, { signal: caller.signal }));
  assert.deepEqual(
    server.seen.map(({ path }) => path),
    ["/x", ...Array(5).fill("/again"), "/x"],
  );
});
