import { z } from "zod";
import { sentenceBleu } from "../bleu.ts";
import { BLEU_TOKENIZERS, bleuTokens } from "../bleu-tokens.ts";
import { CHRF2, sentenceChrf } from "../chrf.ts";
import { tagFormat } from "../format.ts";
import { translationMix as mix } from "../translation-mix.ts";
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

/** MT-R1-Zero's own: metrics out of 1, ±1 for the format, and −2 more without it. */
const MIX = { scale: 1, formatReward: 1, formatFailAnswer: -2 };
/** What its discrete form gives a translation in the format, beside the format's reward, from the threshold on and below it. */
const DISCRETE = { reached: 2, missed: -1.5 };

/** Format and translation in one reward. chrF stands where the paper has a learned metric. */
export const translationMix = defineRule({
  params: z.strictObject({
    rule: z
      .literal("translationMix")
      .describe("Format and translation in one reward: 1 + metrics / 100 in the format, with the last block as the translation; else −3."),
    tags: z
      .array(z.string().regex(/^[A-Za-z][\w-]{0,31}$/, "use a letter, then letters, digits, _ or -, at most 32"))
      .min(1)
      .max(16)
      .default(["think", "translate"])
      .describe("Names of the blocks, in order; each opens and closes once. Default think, translate."),
    metrics: z
      .enum(["bleu", "chrf", "both"])
      .default("bleu")
      .describe("What of the translation is measured; `both` adds the two. Default bleu."),
    tokenizer: z.enum(BLEU_TOKENIZERS).default("13a").describe("How BLEU cuts texts, as for the rule `bleu`. Default 13a."),
    threshold: z
      .number()
      .positive()
      .max(2)
      .optional()
      .describe(
        "Metrics / 100 from which a translation in the format gets 3, and below which it gets −0.5. Default none: 1 + metrics / 100.",
      ),
  }),
  version: 1,
  space: "native",
  readsReference: true,
  create: ({ tags, metrics, tokenizer, threshold }) =>
    againstReference(
      (reference) => ({ reference, tokens: bleuTokens(reference, tokenizer) }),
      (text, { reference, tokens }) => {
        if (tagFormat(text, tags).strict === 0) return mix({ formatOk: false }, MIX);
        const translation = lastBlock(text, tags.at(-1)!);
        const graded = mix(
          {
            formatOk: true,
            ...(metrics !== "chrf" && {
              bleu: toUnit(sentenceBleu(bleuTokens(translation, tokenizer), tokens, { maxOrder: 4, effectiveOrder: false }).bleu),
            }),
            ...(metrics !== "bleu" && { learned: toUnit(sentenceChrf(translation, reference, CHRF2)) }),
          },
          MIX,
        );
        if (threshold === undefined) return graded;
        return MIX.formatReward + (graded - MIX.formatReward >= threshold ? DISCRETE.reached : DISCRETE.missed);
      },
    ),
});

/** Content of the one block of this name, without white space around it. */
function lastBlock(text: string, tag: string): string {
  return text.slice(text.indexOf(`<${tag}>`) + tag.length + 2, text.indexOf(`</${tag}>`)).trim();
}
