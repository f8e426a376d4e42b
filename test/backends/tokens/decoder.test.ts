import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createTokenDecoder } from "../../../src/backends/tokens/decoder.ts";
import { GatewayError } from "../../../src/domain/errors.ts";

const SHIPPED = readFileSync("models/chat-trunk/tokenizer.json", "utf8");

test("ids become text with their special tokens, row by row", async () => {
  const decode = createTokenDecoder(SHIPPED);
  // [CLS] hello world [SEP], and hello alone.
  assert.deepEqual(await decode([[101, 7592, 2088, 102], [7592], []]), ["[CLS] hello world [SEP]", "hello", ""]);
});

test("an id that the vocabulary does not have is refused, and a file that is no tokenizer too", async () => {
  const decode = createTokenDecoder(SHIPPED);
  for (const id of [-1, 10_000_000]) {
    await assert.rejects(decode([[7592], [id]]), (error) => error instanceof GatewayError && /tokens\[1\]/.test(error.message));
  }
  assert.throws(() => createTokenDecoder("{}"), GatewayError);
});
