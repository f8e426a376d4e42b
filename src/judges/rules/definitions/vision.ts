import { z } from "zod";
import { boxIou, meanBoxIou, readBoxes } from "../boxes.ts";
import { chartMatch } from "../chart.ts";
import { finalAnswer } from "../final-answer.ts";
import { answerPlaces, DEFAULT_PLACES } from "./answers.ts";
import { againstReference, defineRule, NO_ANSWER } from "./definition.ts";

/** A value read off a chart. */
export const chart = defineRule({
  params: z.strictObject({
    rule: z.literal("chart").describe("Whether the answer is the reference's value, as read off a chart: numbers may be off by a share."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
    tolerance: z.number().positive().max(1).default(0.05).describe("Share of the reference that a number may be off. Default 0.05."),
    score: z
      .enum(["relaxed", "graded"])
      .default("relaxed")
      .describe("`relaxed`: 1 within the tolerance; `graded`: 1 − error / (2 · tolerance), never below 0. Default relaxed."),
  }),
  version: 5,
  space: "unit",
  readsReference: true,
  create: ({ answer, tolerance, score }) =>
    againstReference(
      (reference) => reference.trim(),
      (text, gold) => {
        const given = finalAnswer(text, answer);
        return given === null ? NO_ANSWER : chartMatch(given, gold, tolerance)[score];
      },
    ),
});

/** Boxes in an image. */
export const boxes = defineRule({
  params: z.strictObject({
    rule: z.literal("boxes").describe("Overlap (IoU) of the answer's boxes with the reference's, each written [x1, y1, x2, y2]."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
    hit: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("IoU from which a box is found: scores the share of boxes found. Default none: scores the mean IoU."),
  }),
  version: 4,
  space: "unit",
  readsReference: true,
  create: ({ answer, hit }) => {
    const credit = hit === undefined ? boxIou : (...pair: Parameters<typeof boxIou>) => (boxIou(...pair) >= hit ? 1 : 0);
    return againstReference(readBoxes, (text, gold) => {
      const given = readBoxes(finalAnswer(text, answer) ?? "");
      return given === null ? NO_ANSWER : meanBoxIou(given, gold, credit);
    });
  },
});
