import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CHRF2, sentenceChrf } from "../../../src/judges/rules/chrf.ts";

describe("sentenceChrf(hypothesis, reference, CHRF2)", () => {
  it("equals sacreBLEU", () => {
    const lines = readFileSync("test/golden/sacrebleu.jsonl", "utf8").trim().split("\n");
    for (const { id, hypothesis, reference, chrf } of lines.map((line) => JSON.parse(line))) {
      const ours = sentenceChrf(hypothesis, reference, CHRF2);
      assert.ok(Math.abs(ours - chrf) <= 1e-6, `${id}: ${ours} is not ${chrf}`);
    }
  });
});
