import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { type BrotliDecompress, createBrotliDecompress, createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import { GatewayError } from "../../domain/errors.ts";

/** Output bytes per input byte beyond which a compressed body is a bomb … */
const MAX_RATIO = 100;
/** … once it has grown this large; small bodies of repeated text are honest. */
const RATIO_FLOOR_BYTES = 1_048_576;

export interface BodyOptions {
  /** Most bytes after decompression; Infinity for a stream, whose lines are bounded instead. */
  readonly maxBytes: number;
}

/**
 * The body of a request as decompressed bytes (gzip, deflate, br). Iteration throws TOO_LARGE as soon as the body passes
 * `maxBytes` or unpacks beyond 100:1, and REQUEST_INVALID when it ends early, goes on behind the compressed data or is no valid
 * compressed data. Leaving it early keeps the connection, so that there can be an answer.
 *
 * @throws {GatewayError} MEDIA_TYPE_UNSUPPORTED for another encoding
 */
export async function* readBody(request: IncomingMessage, { maxBytes }: BodyOptions): AsyncGenerator<Buffer, void> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const body = open(request);
  let produced = 0;
  try {
    for await (const chunk of body.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      produced += chunk.length;
      if (produced > maxBytes) throw tooLarge(maxBytes);
      if (produced > RATIO_FLOOR_BYTES && produced > body.received() * MAX_RATIO) {
        throw new GatewayError("TOO_LARGE", `the body unpacks to more than ${MAX_RATIO} times its size`, { details: { limit: MAX_RATIO } });
      }
      yield chunk;
    }
    if (body.unread() > 0) throw new GatewayError("REQUEST_INVALID", "the body goes on behind the end of its compressed data");
  } catch (thrown) {
    if (thrown instanceof GatewayError) throw thrown;
    throw new GatewayError("REQUEST_INVALID", "the body ended early or is not what Content-Encoding says", { cause: thrown });
  } finally {
    if (body.stream !== request) body.stream.destroy();
  }
}

/**
 * A whole body. A sender that takes longer than `timeoutMs` is disconnected.
 * @throws {GatewayError} as readBody
 */
export async function readWholeBody(request: IncomingMessage, options: BodyOptions & { timeoutMs: number }): Promise<Buffer> {
  const timer = setTimeout(() => request.destroy(new Error("the body came too slowly")), options.timeoutMs);
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of readBody(request, options)) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

interface OpenBody {
  readonly stream: Readable;
  /** Bytes that came, before decompression. */
  received(): number;
  /** Bytes that came and that the decompression has no use for: it ends with what is whole, and passes over what follows. */
  unread(): number;
}

function open(request: IncomingMessage): OpenBody {
  const encoding = request.headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return { stream: request, received: () => Number.POSITIVE_INFINITY, unread: () => 0 };
  const unpack = UNPACK.get(encoding);
  if (unpack === undefined) {
    throw new GatewayError("MEDIA_TYPE_UNSUPPORTED", "this Content-Encoding is not supported; use gzip, deflate, br or identity");
  }
  const stream = unpack();
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  request.on("close", () => {
    if (!request.complete) stream.destroy(new Error("the connection closed"));
  });
  request.pipe(stream);
  return { stream, received: () => received, unread: () => received - stream.bytesWritten };
}

const UNPACK: ReadonlyMap<string, () => Gunzip | Inflate | BrotliDecompress> = new Map([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

function tooLarge(limit: number): GatewayError {
  return new GatewayError("TOO_LARGE", `the body has more than ${limit} bytes after decompression; split the request`, {
    details: { limit },
  });
}
