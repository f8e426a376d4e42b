import { z } from "zod";
import { checkClaims, findClaims } from "../arithmetic.ts";
import { defineRule, pointwise } from "./definition.ts";

/** Share of a text's calculations that are right. */
export const toolArithmetic = defineRule({
  params: z.strictObject({
    rule: z.literal("toolArithmetic").describe("Share of the text's calculations, such as 12 * 4 = 48, that a calculator confirms."),
    tolerance: z.number().min(0).default(1e-6).describe("How far a stated result may be from the calculator's. Default 0.000001."),
  }),
  version: 3,
  space: "unit",
  readsReference: false,
  create: ({ tolerance }) =>
    pointwise(
      (text) => checkClaims(findClaims(text), tolerance).share ?? { abstains: "the text states no calculation that could be checked" },
    ),
});
