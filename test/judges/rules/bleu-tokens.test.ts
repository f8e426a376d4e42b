import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bleuTokens } from "../../../src/judges/rules/bleu-tokens.ts";

describe("bleuTokens(text, tokenizer)", () => {
  it("13a sets punctuation apart, but not inside numbers, and joins words that a line end cut", () => {
    assert.deepEqual(bleuTokens("It cost $1,000.50 (about 3-4 times)\nmore &amp; exam-\nple.", "13a"), [
      ..."It cost $ 1,000.50 ( about 3 - 4 times ) more & example .".split(" "),
    ]);
  });

  it("zh sets Chinese characters apart", () =>
    assert.deepEqual(bleuTokens("我有3.5个GPU。", "zh"), ["我", "有", "3.5", "个", "GPU", "。"]));

  it("char counts a character outside the basic plane as one", () => assert.deepEqual(bleuTokens("a 😀", "char"), ["a", "😀"]));
});
