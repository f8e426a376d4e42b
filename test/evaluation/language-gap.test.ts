import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { languageGap } from "../../src/evaluation/language-gap.ts";

describe("languageGap", () => {
  it("compares every language with the pivot and names the worst, by name among equals", () => {
    const { accuracy, gap, macro, worst } = languageGap({ zh: [true, false], en: [true, true], de: [false, true] }, "en");
    assert.deepEqual(Object.keys(accuracy), ["de", "en", "zh"]);
    assert.deepEqual(gap, { de: 0.5, zh: 0.5 });
    assert.deepEqual([macro, worst], [0.5, "de"]);
  });

  it("has no gap without the pivot, and nothing to compare with the pivot alone", () => {
    assert.deepEqual(languageGap({ de: [true] }, "en").gap, {});
    assert.deepEqual(languageGap({ en: [true] }, "en"), { accuracy: { en: 1 }, gap: {}, macro: undefined, worst: undefined });
  });
});
