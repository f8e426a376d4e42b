import { z } from "zod";
import { foldAnswer } from "../exact-match.ts";
import { ANSWER_PLACES, finalAnswer, isBoxed } from "../final-answer.ts";
import { choiceOf } from "../multiple-choice.ts";
import { agreesAsWritten, statedQuantity } from "../numeric.ts";
import { againstReference, defineRule, NO_ANSWER } from "./definition.ts";

export const answerPlaces = z
  .array(z.enum(ANSWER_PLACES))
  .min(1)
  .describe(
    "Where the answer stands in a text: `tag` (<answer>…</answer>), `boxed` (\\boxed{…}), `marker` (after #### or a line's A:, Answer:, " +
      "Final answer:, or after 'answer is', or below it), `whole` (the text is the answer). The first place that a text has decides.",
  );
/** All places, the most deliberate first. */
export const DEFAULT_PLACES = ["tag", "boxed", "marker", "whole"] as const;

export const optionCount = z.int().min(2).max(26).default(5).describe("Number of options; letters beyond them are no choice. Default 5.");

/** Same text once case, punctuation and spaces are put aside. */
export const exact = defineRule({
  params: z.strictObject({
    rule: z.literal("exact").describe("Whether the answer is the reference, apart from case, punctuation and spaces."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
  }),
  version: 5,
  space: "unit",
  readsReference: true,
  create: ({ answer }) =>
    againstReference(
      (reference) => foldAnswer(reference) || null,
      (text, gold) => {
        const given = finalAnswer(text, answer);
        return given === null ? NO_ANSWER : Number(foldAnswer(given) === gold);
      },
    ),
});

/** Same number within a tolerance. */
export const numeric = defineRule({
  params: z.strictObject({
    rule: z.literal("numeric").describe("Whether the answer is the number of the reference, within a tolerance."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
    rel: z.number().min(0).max(1).default(1e-3).describe("Share of the reference that the answer may be off. Default 0.001."),
    abs: z.number().min(0).default(1e-6).describe("Amount that the answer may be off, whatever the reference. Default 0.000001."),
  }),
  version: 6,
  space: "unit",
  readsReference: true,
  create: ({ answer, rel, abs }) => {
    const read = (text: string) => {
      const given = finalAnswer(text, answer);
      return given === null ? null : statedQuantity(given, isBoxed(given, text, answer));
    };
    return againstReference(
      (reference) => statedQuantity(reference) ?? read(reference),
      (text, gold) => {
        const given = read(text);
        return given === null ? NO_ANSWER : Number(agreesAsWritten(given, gold, { rel, abs }));
      },
    );
  },
});

/** Same letter. */
export const multipleChoice = defineRule({
  params: z.strictObject({
    rule: z.literal("multipleChoice").describe("Whether the chosen letter is that of the reference."),
    options: optionCount,
  }),
  version: 5,
  space: "unit",
  readsReference: true,
  create: ({ options }) =>
    againstReference(
      (reference) => choiceOf(reference, options),
      (text, gold) => {
        const choice = choiceOf(text, options);
        return choice === null ? NO_ANSWER : Number(choice === gold);
      },
    ),
});
