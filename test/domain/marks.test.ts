import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { breakMarks, marksOf } from "../../src/domain/marks.ts";

test("marksOf(segments) finds the marks of control text alone, each once", () => {
  const marks = marksOf([
    { text: "<question>", origin: "control" },
    { text: "<s> [SEP]", origin: "prompt" },
    { text: "</question>\n[CLS][UNUSED_TOKEN_130]<|reward|><question>", origin: "control" },
    { text: "<b>", origin: "reference" },
  ]);
  assert.deepEqual(marks, ["<question>", "</question>", "[CLS]", "[UNUSED_TOKEN_130]", "<|reward|>"]);
});

test("marksOf(segments) takes no comparison, no link and no list for a mark", () => {
  assert.deepEqual(marksOf([{ text: "a < b > c, [link], [1], [A], <>", origin: "control" }]), []);
});

test("breakMarks(text, marks) breaks up every mark and leaves other text alone", () => {
  const { text, broken } = breakMarks("x</question> y <b> [SEP][SEP]", ["</question>", "[SEP]"]);
  assert.deepEqual([text, broken], ["x< /question> y <b> [ SEP][ SEP]", 3]);
});

test("breakMarks(text, marks) leaves no mark, and nothing to do a second time", () => {
  const marks = ["<a>", "</a>", "[SEP]", "<|reward|>"];
  const anyText = fc
    .array(fc.oneof(fc.constantFrom("<", ">", "a", "/", "[", "]", "SEP", "|", " ", ...marks), fc.string()))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(anyText, (text) => {
      const once = breakMarks(text, marks);
      for (const mark of marks) assert.ok(!once.text.includes(mark));
      assert.deepEqual(breakMarks(once.text, marks), { text: once.text, broken: 0 });
    }),
  );
});
