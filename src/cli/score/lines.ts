import { open } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { createGunzip } from "node:zlib";
import { UsageError } from "../failure.ts";

/** Longest line that is read, UTF-16 units. */
const MAX_LINE = 16 * 1024 * 1024;

/** A file or standard input that is read line by line, in constant memory. */
export interface LineSource {
  /** Lines without their ends; blank ones are left out, and numbered all the same from 1. */
  readonly lines: AsyncIterable<{ readonly number: number; readonly text: string }>;
  /** Size of the file in bytes, as it lies on the disk; undefined for a pipe. */
  readonly size: number | undefined;
  /** Bytes of `size` that were read so far. */
  bytesRead(): number;
}

/**
 * Opens JSON lines, gzipped or not: the first two bytes tell.
 *
 * @param path a file, or `-` for standard input
 * @throws {UsageError} when the file cannot be read
 */
export async function openLines(path: string): Promise<LineSource> {
  const { stream, size } = path === "-" ? { stream: process.stdin, size: undefined } : await openFile(path);
  let read = 0;
  const counted = async function* () {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  };
  return { lines: splitLines(gunzipped(counted(), path)), size, bytesRead: () => read };
}

async function openFile(path: string): Promise<{ stream: Readable; size: number | undefined }> {
  try {
    const handle = await open(path, "r");
    const stats = await handle.stat();
    if (stats.isDirectory()) {
      await handle.close();
      throw new UsageError(`${path} is a folder; name a JSON-lines file`);
    }
    return { stream: handle.createReadStream(), size: stats.isFile() ? stats.size : undefined };
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`cannot read ${path} (${(cause as NodeJS.ErrnoException).code}); check the name and its permissions`);
  }
}

/** The bytes as they are, or unzipped when they begin like gzip. */
async function* gunzipped(source: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { value, done } = await source.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  const whole = async function* () {
    yield head;
    yield* source;
  };
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
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

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<{ number: number; text: string }> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let number = 0;
  for await (const chunk of chunks) {
    const pieces = (rest + decoder.write(chunk)).split("\n");
    rest = pieces.pop()!;
    if (rest.length > MAX_LINE)
      throw new Error(`line ${number + pieces.length + 1} has more than ${MAX_LINE} characters; it is no JSON-lines file`);
    for (const piece of pieces) {
      number++;
      const text = cleaned(piece, number);
      if (text !== "") yield { number, text };
    }
  }
  const text = cleaned(rest + decoder.end(), number + 1);
  if (text !== "") yield { number: number + 1, text };
}

function cleaned(line: string, number: number): string {
  return (number === 1 ? line.replace(/^\uFEFF/, "") : line).trim();
}
