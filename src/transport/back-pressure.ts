import type { Writable } from "node:stream";

/**
 * A write that waits while the stream's buffer is full, so that a slow reader slows the work and nothing piles up.
 * After the stream has closed, writes resolve at once and write nothing.
 */
export function createWriter<T>(stream: Writable): (chunk: T) => Promise<void> {
  let blocked: { promise: Promise<void>; release: () => void } | undefined;
  const release = () => {
    blocked?.release();
    blocked = undefined;
  };
  stream.on("drain", release);
  stream.on("close", release);
  stream.on("error", release);
  return async (chunk) => {
    while (blocked !== undefined) await blocked.promise;
    if (stream.destroyed || stream.writableEnded) return;
    if (stream.write(chunk)) return;
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    blocked = { promise, release: resolve };
    await promise;
  };
}
