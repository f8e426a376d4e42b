import assert from "node:assert/strict";
import { test } from "node:test";
import { explainRefusal } from "../../../src/backends/llamacpp/protocol.ts";
import { readEnding } from "../../../src/backends/upstream/ending.ts";

/** How an answer of status 500 ends, as llama.cpp's server writes its errors. */
function ending(message: string) {
  const body = JSON.stringify({ error: { code: 500, message, type: "server_error" } });
  const outcome = { kind: "answered", status: 500, contentType: "application/json", body } as const;
  return readEnding("rm", outcome, { answer: () => undefined, refusal: (said) => explainRefusal("rm", said) });
}

test("an answer of status 500 that says that the call is too long is a refusal of the call and no failure of the server", () => {
  const read = ending("input (604 tokens) is too large to process. increase the physical batch size (current batch size: 512)");
  assert.ok(read.blame === "succeeded" && "error" in read);
  assert.deepEqual([read.outcome, read.again, read.error.reason], ["refused", "never", "ITEM_TOO_LONG"]);
});

test("any other answer of status 500 is a failure of the server, and another address may be asked", () => {
  const read = ending("out of memory");
  assert.ok(read.blame === "failed");
  assert.deepEqual([read.outcome, read.again, read.error.reason], ["failed", "elsewhere", "BACKEND_UNAVAILABLE"]);
});
