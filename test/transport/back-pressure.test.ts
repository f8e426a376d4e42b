import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { createWriter } from "../../src/transport/back-pressure.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A stream that holds two chunks and takes one more each time it is told to. */
function slow() {
  const taken: string[] = [];
  let pending: (() => void) | undefined;
  const stream = new Writable({
    objectMode: true,
    highWaterMark: 2,
    write(chunk, _, done) {
      pending = () => {
        taken.push(chunk);
        done();
      };
    },
  });
  const take = () => {
    const now = pending;
    pending = undefined;
    now?.();
  };
  return { stream, taken, take };
}

test("a write waits while the buffer is full, and every chunk arrives once and in order", async () => {
  const { stream, taken, take } = slow();
  const write = createWriter<string>(stream);
  let accepted = 0;
  for (const chunk of ["a", "b", "c", "d"]) void write(chunk).then(() => accepted++);
  await turn();
  assert.deepEqual([accepted, stream.writableLength], [1, 2]);
  for (let i = 0; i < 10; i++) {
    take();
    await turn();
  }
  assert.deepEqual([taken, accepted], [["a", "b", "c", "d"], 4]);
});

test("closing releases every write that waits, and later writes do nothing", async () => {
  const { stream, taken } = slow();
  stream.on("error", () => {});
  const write = createWriter<string>(stream);
  const writes = ["a", "b", "c"].map((chunk) => write(chunk));
  await turn();
  stream.destroy();
  await Promise.all(writes);
  await write("d");
  assert.deepEqual(taken, []);
});

test("a stream that fails releases every write that waits, and its failure ends there", async () => {
  const { stream } = slow();
  const write = createWriter<string>(stream);
  const writes = ["a", "b", "c"].map((chunk) => write(chunk));
  await turn();
  stream.destroy(new Error("reset"));
  await Promise.all(writes);
});

test("writes to a stream that was ended do nothing", async () => {
  const { stream, taken, take } = slow();
  const write = createWriter<string>(stream);
  stream.end("last");
  await write("late");
  take();
  await turn();
  assert.deepEqual([taken, stream.errored], [["last"], null]);
});

test("a thousand waiting writes add no listeners", async () => {
  const { stream } = slow();
  const write = createWriter<string>(stream);
  const before = stream.listenerCount("drain");
  for (let i = 0; i < 1000; i++) void write(String(i));
  await turn();
  assert.equal(stream.listenerCount("drain"), before);
  stream.destroy();
});
