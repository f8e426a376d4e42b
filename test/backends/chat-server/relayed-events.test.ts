import assert from "node:assert/strict";
import { test } from "node:test";
import { createRelayedEvents } from "../../../src/backends/chat-server/relayed-events.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("a long line that comes in small pieces takes linear time: a server that drips one does not hold the gateway", () => {
  let handedOn = 0;
  const events = createRelayedEvents(
    (piece) => {
      handedOn += piece.length;
    },
    (model) => model === "m",
  );
  const small = bytes("x");
  assert.equal(events.take(bytes(`: ${"x".repeat(1 << 25)}`)), true);
  for (let piece = 0; piece < 200_000; piece++) events.take(small);
  assert.equal(events.begun, false);
  assert.equal(events.take(bytes(`\n\ndata: {"model": "m", "choices": []}\n\n`)), true);
  assert.equal(events.facts?.model, "m");
  assert.ok(handedOn > 200_000 + (1 << 25));
});
