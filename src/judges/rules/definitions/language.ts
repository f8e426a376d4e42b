import { z } from "zod";
import { defineRule, pointwise } from "./definition.ts";

/** Beginning of a text that is looked at: more does not make it surer. */
const MAX_LOOKED_AT = 4_000;

/** The language that was asked for. */
export const language = defineRule({
  params: z.strictObject({
    rule: z.literal("language").describe("Whether the text is in the language that was asked for."),
    language: z
      .string()
      .regex(/^[a-z]{2}$/, "use two letters of ISO 639-1, such as en")
      .optional()
      .describe("Language that scores 1, in two letters of ISO 639-1. Default: that of the item; an item without one is not applicable."),
  }),
  version: 1,
  space: "unit",
  readsReference: false,
  notApplicable: ({ language: asked }, { language: fixed }) =>
    fixed !== undefined || asked !== undefined ? undefined : "the item tells no language and the rule has none of its own",
  create: async ({ language: fixed }) => {
    // Loaded for those who use it: its tables take 50 MB.
    const { eld } = await import("eld/extrasmall");
    return pointwise((text, _, { language: asked }) => {
      const [wanted] = (fixed ?? asked!).toLowerCase().split(/[-_]/);
      return eld.detect(text.slice(0, MAX_LOOKED_AT)).language === wanted ? 1 : 0;
    });
  },
});
