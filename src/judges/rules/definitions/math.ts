import { z } from "zod";
import { finalAnswer } from "../final-answer.ts";
import { readMathAnswer } from "../math/answer.ts";
import { loadEquivalence } from "../math/equivalence.ts";
import { answerPlaces, DEFAULT_PLACES } from "./answers.ts";
import { againstReference, defineRule, NO_ANSWER } from "./definition.ts";

/** Same formula, however it is written. */
export const math = defineRule({
  params: z.strictObject({
    rule: z.literal("math").describe("Whether the answer is the reference's formula, number, tuple or set, however it is written."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
    rel: z.number().min(0).max(0.1).default(1e-9).describe("Relative difference of values that counts as none. Default 0.000000001."),
  }),
  version: 9,
  space: "unit",
  readsReference: true,
  create: async ({ answer, rel }) => {
    const equivalent = await loadEquivalence();
    const read = (text: string) => {
      const given = finalAnswer(text, answer);
      return given === null ? null : readMathAnswer(given);
    };
    return againstReference(read, (text, gold) => {
      const given = read(text);
      return given === null ? NO_ANSWER : Number(equivalent(given, gold, rel));
    });
  },
});
