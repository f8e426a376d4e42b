import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tagFormat } from "../../../src/judges/rules/format.ts";

const TAGS = ["think", "answer"];

describe("tagFormat(text, tags)", () => {
  const cases: [string, string, 0 | 1, 0 | 1][] = [
    ["white space around and between blocks is free", "\n<think>\na\n</think>\n\n <answer>b</answer>\n", 1, 1],
    ["text before the first block fails", "So: <think>a</think><answer>b</answer>", 0, 0],
    ["text between blocks fails", "<think>a</think> so <answer>b</answer>", 0, 0],
    ["a block inside a block is lenient only", "<think>a</think><answer><answer>b</answer></answer>", 1, 0],
    ["a junction inside the last block does not confuse", "<think>a</think><answer>x</think><answer>y</answer>", 1, 0],
    ["blocks in the wrong order fail", "<answer>b</answer><think>a</think>", 0, 0],
    ["an overlap of tags fails", "<think></answer>", 0, 0],
    ["empty blocks are blocks", "<think></think><answer></answer>", 1, 1],
    ["nothing fails", "", 0, 0],
  ];
  for (const [what, text, lenient, strict] of cases) it(what, () => assert.deepEqual(tagFormat(text, TAGS), { lenient, strict }));

  it("takes one tag, or three", () => {
    assert.equal(tagFormat("<a>x</a>", ["a"]).strict, 1);
    assert.equal(tagFormat("<a>x</a><b></b><c>z</c>", ["a", "b", "c"]).strict, 1);
  });
});
