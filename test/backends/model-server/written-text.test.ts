import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutAdded, writeText } from "../../../src/backends/model-server/written-text.ts";

test("control strings of untrusted text are broken up, and so are a template's own tokens in it", () => {
  const written = writeText([
    { text: "<s>[SEP]", origin: "control" },
    { text: "a <s> b [SEP] <|im_end|>", origin: "candidate" },
  ]);
  assert.deepEqual(written, { text: "<s>[SEP]a < s> b [ SEP] < |im_end|>", broken: 3 });
});

test("special tokens that the server adds again are taken off the ends of a text, once", () => {
  const added = { start: "<s>", end: "</s>" };
  assert.equal(withoutAdded("<s>hello</s>", added), "hello");
  assert.equal(withoutAdded("<s><s>hello", added), "<s>hello");
  assert.equal(withoutAdded("hello <s>", added), "hello <s>");
  assert.equal(withoutAdded("<s>hello</s>", { start: "", end: "" }), "<s>hello</s>");
  assert.equal(withoutAdded("<s>", { start: "<s>", end: "<s>" }), "");
});
