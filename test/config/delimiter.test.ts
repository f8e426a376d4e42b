import assert from "node:assert/strict";
import { test } from "node:test";
import { createFence } from "../../src/config/delimiter.ts";

test("10,000 texts get as many delimiters of 128 bits, none of which occurs in its texts", () => {
  const fence = createFence("secret");
  const seen = new Set<string>();
  let last = "";
  for (let n = 0; n < 10_000; n++) {
    // Each text holds the delimiter that the one before it got.
    const texts = ["prompt", `candidate ${n} ${last}`];
    last = fence(texts);
    assert.match(last, /^[0-9a-f]{32}$/);
    assert.ok(!texts.some((text) => text.includes(last)));
    seen.add(last);
  }
  assert.equal(seen.size, 10_000);
});

test("the same texts get the same delimiter under one secret, another under another, and borders of texts count", () => {
  const [one, other] = [createFence("secret"), createFence("other")];
  assert.equal(one(["a", "b"]), createFence("secret")(["a", "b"]));
  assert.notEqual(one(["a", "b"]), other(["a", "b"]));
  assert.notEqual(one(["ab", "c"]), one(["a", "bc"]));
  assert.notEqual(createFence(undefined)(["a"]), createFence(undefined)(["a"]));
});
