import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sentenceBleu } from "../../../src/judges/rules/bleu.ts";
import { BLEU_TOKENIZERS, type BleuTokenizer, bleuTokens } from "../../../src/judges/rules/bleu-tokens.ts";
import { readJsonLines } from "../../support/json-lines.ts";

interface Segment {
  readonly id: string;
  readonly hypothesis: string;
  readonly reference: string;
  readonly bleu: Readonly<Record<BleuTokenizer, readonly [number, number]>>;
}
const segments = readJsonLines<Segment>(readFileSync("test/golden/sacrebleu.jsonl", "utf8"));

describe("sentenceBleu(bleuTokens(hypothesis), bleuTokens(reference), options)", () => {
  for (const tokenizer of BLEU_TOKENIZERS) {
    it(`equals sacreBLEU with the tokenizer ${tokenizer}, without and with effective order`, () => {
      for (const { id, hypothesis, reference, bleu } of segments) {
        for (const [index, effectiveOrder] of [false, true].entries()) {
          const tokens = [bleuTokens(hypothesis, tokenizer), bleuTokens(reference, tokenizer)] as const;
          const ours = sentenceBleu(...tokens, { maxOrder: 4, effectiveOrder }).bleu;
          assert.ok(Math.abs(ours - bleu[tokenizer][index]!) <= 1e-6, `${id}: ${ours} is not ${bleu[tokenizer][index]}`);
        }
      }
    });
  }

  it("is tried on segments that tell tokenizers and orders apart", () => {
    const spread = (read: (segment: Segment) => number) => segments.filter((segment) => read(segment) > 1e-6).length;
    assert.ok(spread(({ bleu }) => Math.abs(bleu["13a"][0] - bleu.none[0])) > 20);
    assert.ok(spread(({ bleu }) => Math.abs(bleu["13a"][0] - bleu.zh[0])) > 3);
    assert.ok(spread(({ bleu }) => Math.abs(bleu["13a"][0] - bleu["13a"][1])) > 3);
  });
});
