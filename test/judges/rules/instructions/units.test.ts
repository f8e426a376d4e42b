import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countOccurrences, countSentences, wordsOf } from "../../../../src/judges/rules/instructions/units.ts";

describe("countSentences(text)", () => {
  const counts: [string, number][] = [
    ["", 0],
    ["...", 0],
    ["No stop", 1],
    ["A heading\n\nThen a sentence. And another", 2],
    ['He said "Stop!" Then he left.', 2],
    ["1. Mix it. 2. Bake it.", 4],
    ["It was sold in 1934. But nobody bought it.", 2],
    ["It has 3. or more parts.", 1],
    ["Wait... what? Yes!", 2],
    ["Wait... The end.", 2],
    ["今天很好。我们走吧！", 2],
    ["The U.S. is large.", 1],
    ["He lives in the U.S. The weather is fine.", 2],
    ["Dr. Smith met Mr. Then he left.", 2],
  ];
  for (const [text, count] of counts) it(`finds ${count} in ${JSON.stringify(text)}`, () => assert.equal(countSentences(text), count));
});

describe("countSentences(text) of a hostile text", () => {
  it("does not try every run of closing marks anew", () => assert.equal(countSentences(`${'"'.repeat(500_000)}x`), 1));
});

describe("wordsOf(text)", () => {
  it("keeps combining marks within words", () => assert.deepEqual(wordsOf("cafe\u0301 नमस्ते, it's"), ["cafe\u0301", "नमस्ते", "it", "s"]));
});

describe("countOccurrences(text, phrase, options)", () => {
  it("does not try every place of a phrase that repeats itself anew", () => {
    const half = "a".repeat(500_000);
    assert.equal(countOccurrences(half.repeat(8), `${half}b${half}`), 0);
    assert.equal(countOccurrences(`${half}b${half} ${half}b${half}`, `${half}b${half}`, { whole: true }), 2);
  });
  it("does not count overlaps", () => assert.equal(countOccurrences("aaaa", "aa"), 2));
  it("takes a whole word with umlauts as one", () => assert.equal(countOccurrences("über überall", "ÜBER", { whole: true }), 1));
});
