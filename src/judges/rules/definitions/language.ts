import { z } from "zod";
import { GatewayError } from "../../../domain/errors.ts";
import { loadLanguages } from "../languages.ts";
import { defineRule, pointwise } from "./definition.ts";

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
  version: 3,
  space: "unit",
  readsReference: false,
  notApplicable: ({ language: asked }, { language: fixed }) =>
    fixed !== undefined || (asked ?? "").trim() !== "" ? undefined : "the item tells no language and the rule has none of its own",
  create: async ({ language: fixed }) => {
    const { languageOf, languages } = await loadLanguages();
    if (fixed !== undefined && !languages.has(fixed)) {
      throw new GatewayError("CONFIG_INVALID", `${fixed} is no language that can be told; there are: ${[...languages].sort().join(", ")}`);
    }
    return pointwise((text, _, { language: asked }) => {
      const [wanted = ""] = (fixed ?? asked!).toLowerCase().split(/[-_]/);
      if (!languages.has(wanted)) return { abstains: "the language that the item asks for is none that can be told" };
      return languageOf(text) === wanted ? 1 : 0;
    });
  },
});
