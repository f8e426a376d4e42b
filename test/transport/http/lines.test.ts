import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { readLines } from "../../../src/transport/http/lines.ts";

async function* cut(bytes: Buffer, sizes: readonly number[]) {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function linesOf(text: string, sizes: readonly number[] = [1 << 20], maxBytes = 1000) {
  const lines: string[] = [];
  for await (const line of readLines(cut(Buffer.from(text), sizes), maxBytes)) lines.push(line.toString().replace(/\r$/, ""));
  return lines;
}

test("lines are the same however the bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: "binary", maxLength: 12 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (texts, sizes) => {
        const kept = texts.map((text) => text.replaceAll(/[\r\n]/g, "_"));
        assert.deepEqual(
          await linesOf(kept.join("\n"), sizes),
          kept.filter((text) => text !== ""),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("blank lines are skipped, CRLF is an end, and the last line may lack its end", async () => {
  assert.deepEqual(await linesOf("a\r\n\r\n\nb\n"), ["a", "b"]);
  assert.deepEqual(await linesOf("a\nb"), ["a", "b"]);
  assert.deepEqual(await linesOf(""), []);
});

test("a line may have as many bytes as the limit and no more, ended or not", async () => {
  for (const sizes of [[1 << 20], [7]]) {
    assert.deepEqual(await linesOf(`${"x".repeat(10)}\n${"y".repeat(10)}`, sizes, 10), ["x".repeat(10), "y".repeat(10)]);
    for (const text of [`${"x".repeat(11)}\n`, "x".repeat(11)]) {
      await assert.rejects(linesOf(text, sizes, 10), (error) => error instanceof GatewayError && error.reason === "TOO_LARGE");
    }
  }
});

test("an endless line is refused without being held", async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1000;
      yield Buffer.alloc(1000, 0x78);
    }
  }
  await assert.rejects(async () => {
    for await (const _ of readLines(endless(), 10_000)) assert.fail("a line");
  });
  assert.equal(sent, 11_000);
});
