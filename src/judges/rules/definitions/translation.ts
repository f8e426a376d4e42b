import { z } from "zod";
import { sentenceBleu } from "../bleu.ts";
import { BLEU_TOKENIZERS, bleuTokens } from "../bleu-tokens.ts";
import { CHRF2, sentenceChrf } from "../chrf.ts";
import { againstReference, defineRule } from "./definition.ts";

/** BLEU / 100. */
export const bleu = defineRule({
  params: z.strictObject({
    rule: z.literal("bleu").describe("Sentence BLEU against the reference, over 100; sacreBLEU's numbers."),
    tokenizer: z
      .enum(BLEU_TOKENIZERS)
      .default("13a")
      .describe("How texts are cut: as WMT does it, with Chinese characters apart, by character, or at spaces. Default 13a."),
    effectiveOrder: z
      .boolean()
      .default(false)
      .describe("Whether n-gram orders that a short candidate cannot have are left out; else fewer than 4 tokens score 0. Default false."),
  }),
  version: 1,
  space: "unit",
  readsReference: true,
  create: ({ tokenizer, effectiveOrder }) =>
    againstReference(
      (reference) => bleuTokens(reference, tokenizer),
      (text, gold) => toUnit(sentenceBleu(bleuTokens(text, tokenizer), gold, { maxOrder: 4, effectiveOrder }).bleu),
    ),
});

/** The last bit of a geometric mean can lie above 100. */
const toUnit = (percent: number) => Math.min(1, percent / 100);

/** chrF / 100. */
export const chrf = defineRule({
  params: z.strictObject({ rule: z.literal("chrf").describe("chrF2 against the reference, over 100; sacreBLEU's numbers.") }),
  version: 1,
  space: "unit",
  readsReference: true,
  create: () =>
    againstReference(
      (reference) => reference,
      (text, gold) => toUnit(sentenceChrf(text, gold, CHRF2)),
    ),
});
