import { isUtf8 } from "node:buffer";
import { constants, openSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UsageError } from "../failure.ts";

/** Longest line that is read, bytes. */
const MAX_LINE = 48 * 1024 * 1024;

/** A file or standard input that is read line by line, in constant memory. */
export interface LineSource {
  /** Lines without their ends; blank ones are left out, and numbered all the same from 1. */
  readonly lines: AsyncIterable<Line>;
  /** Bytes of all lines, unzipped; undefined where that is not known. */
  readonly size: number | undefined;
  /** Lets go of what the lines come from, for who never asks for one: a pipe holds the process. */
  close(): void;
}

export interface Line {
  readonly number: number;
  /** Undefined where its bytes are not UTF-8: what cannot be read would be judged as signs that stand for nothing. */
  readonly text: string | undefined;
  /** Bytes of the lines up to this one and with it, unzipped. */
  readonly end: number;
}

/**
 * Opens JSON lines, gzipped or not: the first two bytes tell.
 *
 * @param path   a file, a named pipe, or `-` for standard input
 * @param signal ends the lines where it aborts, also while none comes; a line that is not whole then is left out
 * @throws {UsageError} when the file cannot be read
 */
export async function openLines(path: string, signal?: AbortSignal): Promise<LineSource> {
  const { stream, size } = path === "-" ? { stream: process.stdin, size: undefined } : await openFile(path);
  const lines = splitLines(gunzipped(stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>, path));
  return { lines: signal === undefined ? released(lines, stream) : until(signal, lines, stream), size, close: () => void stream.destroy() };
}

/** The lines. What they come from is let go of at their end, also where who reads them stops before: Node 26 ends a process that forgets a file. */
async function* released(lines: AsyncGenerator<Line>, stream: Readable): AsyncGenerator<Line> {
  try {
    yield* lines;
  } finally {
    stream.destroy();
  }
}

/** The lines up to where the signal aborts. What they come from is let go of at their end, since a pipe that is waited for holds the process. */
async function* until(signal: AbortSignal, lines: AsyncGenerator<Line>, stream: Readable): AsyncGenerator<Line> {
  let abort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    abort = () => resolve(undefined);
  });
  signal.addEventListener("abort", abort);
  try {
    while (!signal.aborted) {
      const next = await Promise.race([lines.next(), aborted]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    stream.destroy();
  }
}

async function openFile(path: string): Promise<{ stream: Readable; size: number | undefined }> {
  try {
    if ((await stat(path)).isFIFO()) return { stream: openPipe(path), size: undefined };
    const handle = await open(path, "r");
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      await handle.close();
      throw new UsageError(`${path} is a folder; name a JSON-lines file`);
    }
    const size = stats.isFile() ? await unzippedSize(handle, stats.size) : undefined;
    return { stream: handle.createReadStream({ start: 0 }), size };
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot read ${path} (${(cause as NodeJS.ErrnoException).code}); check the name and its permissions`);
  }
}

/**
 * A named pipe, whether or not somebody writes to it yet. Read as a file it would hold a thread of Node's until a writer comes, and
 * the end of the process with it.
 */
function openPipe(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/** Size of the content. Gzip tells it in its last four bytes, modulo 2³², which is good enough for a progress bar. */
async function unzippedSize(handle: FileHandle, size: number): Promise<number> {
  const bytes = Buffer.alloc(4);
  await handle.read(bytes, 0, 2, 0);
  if (!isGzip(bytes)) return size;
  await handle.read(bytes, 0, 4, size - 4);
  return bytes.readUInt32LE(0);
}

function isGzip(head: Buffer): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The bytes as they are, or unzipped when they begin like gzip. */
async function* gunzipped(source: AsyncIterator<Buffer>, name: string): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { value, done } = await source.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = async function* () {
    yield head;
    yield* { [Symbol.asyncIterator]: () => source };
  };
  if (!isGzip(head)) {
    yield* whole();
    return;
  }
  const unzip = createGunzip();
  pipeline(Readable.from(whole()), unzip, () => {
    // The reader below hears of the error too.
  });
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch {
    throw new Error(`${name} is not whole: its gzip data ends early or is damaged; fetch it again`);
  }
}

const NEWLINE = 0x0a;

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let held = 0;
  let number = 0;
  let end = 0;
  const take = (piece: Buffer): Line => {
    const bytes = pieces.length === 0 ? piece : Buffer.concat([...pieces, piece]);
    [pieces, held] = [[], 0];
    number++;
    end += bytes.length;
    return { number, text: isUtf8(bytes) ? cleaned(bytes.toString(), number) : undefined, end };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      end++;
      const line = take(chunk.subarray(start, at));
      start = at + 1;
      if (line.text !== "") yield line;
    }
    pieces.push(chunk.subarray(start));
    held += chunk.length - start;
    if (held > MAX_LINE) throw new Error(`line ${number + 1} has more than ${MAX_LINE} bytes; it is no JSON-lines file`);
  }
  const last = take(Buffer.alloc(0));
  if (last.text !== "") yield last;
}

function cleaned(line: string, number: number): string {
  return (number === 1 ? line.replace(/^\uFEFF/, "") : line).trim();
}
