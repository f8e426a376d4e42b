import { z } from "zod";
import { followed, readInstructions } from "../instructions/follow.ts";
import { loadLanguages } from "../languages.ts";
import { candidateText, defineRule, type RuleScore, referenceText, UNREADABLE_REFERENCE } from "./definition.ts";

/** Instructions that the reference lists. */
export const instructions = defineRule({
  params: z.strictObject({
    rule: z.literal("instructions").describe("Which of the reference's instructions, in IFEval's form, the text follows."),
    score: z
      .enum(["share", "all"])
      .default("share")
      .describe("Share of the instructions that are followed, or 1 only for all. Default share."),
    loose: z
      .boolean()
      .default(false)
      .describe("Whether following counts also without the text's first line, last line or asterisks. Default false."),
  }),
  version: 3,
  space: "unit",
  readsReference: true,
  create: async ({ score, loose }) => {
    const tools = await loadLanguages();
    return (item) => {
      const given = readInstructions(referenceText(item));
      if (given === null) return () => ({ abstains: UNREADABLE_REFERENCE });
      return (index): RuleScore => {
        const verdicts = followed(candidateText(item.candidates[index]!), given, loose, tools);
        if (verdicts.includes(undefined)) return { abstains: "the language that an instruction asks for is none that can be told" };
        const share = verdicts.filter(Boolean).length / verdicts.length;
        const findings = given.map(({ id }, i) => ({ name: id, value: Number(verdicts[i]) }));
        return { score: score === "share" || share === 1 ? share : 0, findings };
      };
    };
  },
});
