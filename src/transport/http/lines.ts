import { GatewayError } from "../../domain/errors.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines. A line may end in `\n` or `\r\n`; empty lines are skipped; the last may lack its end.
 *
 * @param maxBytes longest line; a longer one throws TOO_LARGE, since its end is nowhere in sight
 */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer, void> {
  let parts: Buffer[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = joined(parts, chunk.subarray(start, end));
      parts = [];
      held = 0;
      start = end + 1;
      if (line.length > maxBytes) throw tooLong(maxBytes);
      if (!isBlank(line)) yield line;
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
      if (held > maxBytes) throw tooLong(maxBytes);
    }
  }
  const line = joined(parts, Buffer.alloc(0));
  if (!isBlank(line)) yield line;
}

function joined(parts: readonly Buffer[], last: Buffer): Buffer {
  return parts.length === 0 ? last : Buffer.concat([...parts, last]);
}

function isBlank(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === 0x0d);
}

function tooLong(limit: number): GatewayError {
  return new GatewayError("TOO_LARGE", `a line has more than ${limit} bytes`, { details: { limit } });
}
