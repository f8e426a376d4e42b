import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { translationMix } from "../../../src/judges/rules/translation-mix.ts";

describe("translationMix(scores, options)", () => {
  it("counts a metric that takes no part as nothing, and none when the format fails", () => {
    const options = { scale: 100, formatReward: 1, formatFailAnswer: -2 };
    assert.equal(translationMix({ formatOk: true, learned: 25 }, options), 1.25);
    assert.equal(translationMix({ formatOk: false, bleu: 100, learned: 100 }, options), -3);
  });
});
