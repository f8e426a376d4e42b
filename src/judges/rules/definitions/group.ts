import { z } from "zod";
import { baselineIndices, type Candidate, type Item } from "../../../domain/item.ts";
import { foldAnswer } from "../exact-match.ts";
import { finalAnswer, isBoxed } from "../final-answer.ts";
import { majorityVote } from "../majority.ts";
import { choiceOf } from "../multiple-choice.ts";
import { statedNumber } from "../numeric.ts";
import { answerPlaces, DEFAULT_PLACES, optionCount } from "./answers.ts";
import { candidateText, defineRule, isReadable, NO_ANSWER, type RuleScore } from "./definition.ts";

/** Agreement with the answer that most candidates of the item give. */
export const majority = defineRule({
  params: z.strictObject({
    rule: z.literal("majority").describe("Whether the answer is the one that most candidates of the item give."),
    compare: z
      .enum(["exact", "numeric", "multipleChoice"])
      .default("exact")
      .describe("What makes two answers the same: folded text, the number, or the chosen letter. Default exact."),
    answer: answerPlaces.default([...DEFAULT_PLACES]),
    options: optionCount,
    minShare: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe("Share of candidates below which a majority is noise and the judge abstains. Default 0."),
  }),
  version: 10,
  space: "unit",
  readsReference: false,
  create: ({ compare, answer, options, minShare }) => {
    const read = (text: string): string | null => {
      if (compare === "multipleChoice") return choiceOf(text, options);
      const given = finalAnswer(text, answer);
      if (given === null || compare === "exact") return given === null ? null : foldAnswer(given) || null;
      const value = statedNumber(given, isBoxed(given, text, answer));
      return value === null ? null : String(value);
    };
    return (item) => {
      // One that is too long to be read fails by itself, and has no vote.
      const votes = votersOf(item).map((candidate) => (isReadable(candidate) ? read(candidateText(candidate)) : null));
      const { answer: leader, share, tie, rewards } = majorityVote(votes, minShare);
      const findings = [
        { name: "share", value: share },
        { name: "tie", value: Number(tie) },
      ];
      const undecided = rewards.includes(null);
      return (index): RuleScore => {
        if (undecided) return { abstains: "too few candidates agree on an answer" };
        const given = read(candidateText(item.candidates[index]!));
        const score = given !== null && given === leader ? 1 : 0;
        return { score, findings: given === null ? [...findings, ...NO_ANSWER.findings] : findings };
      };
    };
  },
});

/** Baselines that are judged along are compared with the group and have no vote in it. */
function votersOf(item: Item): readonly Candidate[] {
  const strangers = new Set(baselineIndices(item));
  return item.candidates.filter((_, index) => !strangers.has(index));
}
