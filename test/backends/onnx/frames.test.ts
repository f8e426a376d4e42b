import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { assembleFrames, encodeFrame, type Frame, readFrame, writeFrame } from "../../../src/backends/onnx/frames.ts";
import { temporaryFolder } from "../../support/bundle.ts";

const frames: Frame<Float32Array>[] = [
  { head: { type: "ready" }, arrays: [] },
  { head: { type: "answer", id: 1 }, arrays: [Float32Array.of(0.1, -1.5, Number.NaN, Number.POSITIVE_INFINITY), new Float32Array(0)] },
  { head: { type: "refusal", id: 2, cause: "ein Grund, 原因, 🧨" }, arrays: [] },
  { head: { type: "answer", id: 3 }, arrays: [Float32Array.from({ length: 70_000 }, (_, i) => i / 7)] },
];

test("messages come whole and in order out of pieces of any size", () => {
  const bytes = Buffer.concat(frames.map(encodeFrame));
  for (const size of [1, 3, 4, 7, 64, 65_536, bytes.length]) {
    const received: Frame<Float32Array>[] = [];
    const take = assembleFrames((frame) => received.push(frame));
    for (let at = 0; at < bytes.length; at += size) take(bytes.subarray(at, at + size));
    assert.deepEqual(received, frames, `pieces of ${size} bytes`);
  }
});

test("half a message is nothing yet", () => {
  const received: Frame<Float32Array>[] = [];
  const bytes = Buffer.from(encodeFrame(frames[1]!));
  const take = assembleFrames((frame) => received.push(frame));
  take(bytes.subarray(0, -1));
  assert.equal(received.length, 0);
  take(bytes.subarray(-1));
  assert.deepEqual(received, [frames[1]]);
});

test("views into larger memory are sent as what they show", () => {
  const whole = Float32Array.of(1, 2, 3, 4);
  const received: Frame<Float32Array>[] = [];
  assembleFrames((frame) => received.push(frame))(Buffer.from(encodeFrame({ head: {}, arrays: [whole.subarray(1, 3)] })));
  assert.deepEqual(received[0]!.arrays, [Float32Array.of(2, 3)]);
});

/** A file for the time of `use`. */
function withFile<T>(use: (path: string) => T): T {
  const folder = temporaryFolder();
  try {
    return use(join(folder.path, "messages"));
  } finally {
    folder.remove();
  }
}

/** Uses a descriptor and closes it. */
function withDescriptor<T>(path: string, mode: "r" | "w", use: (descriptor: number) => T): T {
  const descriptor = openSync(path, mode);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** What a reader gets of these bytes, up to their end. */
function readAll(bytes: Uint8Array): (Frame<Int32Array> | undefined)[] {
  return withFile((path) => {
    writeFileSync(path, bytes);
    return withDescriptor(path, "r", (descriptor) => {
      const read = [readFrame(descriptor)];
      while (read.at(-1) !== undefined) read.push(readFrame(descriptor));
      return read;
    });
  });
}

test("a reader that waits gets each message, and undefined once the other end has closed", () => {
  const sent: Frame<Int32Array>[] = [
    { head: { type: "run", id: 1 }, arrays: [Int32Array.of(101, -7, 2 ** 31 - 1), Int32Array.of(3), Int32Array.of(1)] },
    { head: { type: "run", id: 2 }, arrays: [new Int32Array(0)] },
  ];
  assert.deepEqual(readAll(Buffer.concat(sent.map(encodeFrame))), [...sent, undefined]);
});

test("a message cut off by the end of its writer is none, wherever it is cut", () => {
  const bytes = encodeFrame({ head: { type: "run", id: 1 }, arrays: [Int32Array.of(1, 2, 3)] });
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual(readAll(bytes.subarray(0, length)), [undefined], `${length} bytes`);
});

test("what is written whole can be read again", () => {
  withFile((path) => {
    withDescriptor(path, "w", (descriptor) => {
      for (const frame of frames) writeFrame(descriptor, frame);
    });
    assert.deepEqual(readFileSync(path), Buffer.concat(frames.map(encodeFrame)));
  });
});

const ECHO = `
import { readFrame, writeFrame } from ${JSON.stringify(import.meta.resolve("../../../src/backends/onnx/frames.ts"))};
process.on("SIGTERM", () => {});
for (let frame = readFrame(3); frame !== undefined; frame = readFrame(3)) {
  writeFrame(3, { head: frame.head, arrays: frame.arrays.map((numbers) => Float32Array.from(numbers)) });
}
`;

test("a process that waits in the system for its messages is not woken wrongly by signals, and ends when the other end closes", async () => {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", ECHO], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  const channel = child.stdio[3] as Socket;
  const waiting: ((frame: Frame<Float32Array>) => void)[] = [];
  channel.on(
    "data",
    assembleFrames((frame) => waiting.shift()!(frame)),
  );
  const echo = (frame: Frame<Int32Array>) =>
    new Promise<Frame<Float32Array>>((resolve) => {
      waiting.push(resolve);
      channel.write(encodeFrame(frame));
    });
  const numbers = Int32Array.from({ length: 200_000 }, (_, i) => i);
  assert.deepEqual((await echo({ head: "first", arrays: [numbers] })).arrays, [Float32Array.from(numbers)]);
  for (const signal of ["SIGTERM", "SIGSTOP", "SIGCONT"] as const) child.kill(signal);
  assert.equal((await echo({ head: "second", arrays: [] })).head, "second");
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  channel.end();
  assert.equal(await ended, 0);
});
