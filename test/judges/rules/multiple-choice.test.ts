import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { choiceOf } from "../../../src/judges/rules/multiple-choice.ts";

describe("choiceOf(text, options)", () => {
  const cases: [string, string, string | null][] = [
    ["a tag before a sentence", "The answer is A. <answer>(B)</answer>", "B"],
    ["the last of several sentences", "The answer is A? No, the answer is C.", "C"],
    ["a colon as well as 'is'", "Answer: (d)", "D"],
    ["a letter at the beginning", "(b) because", "B"],
    ["a lone letter", "c", "C"],
    ["a colon behind 'is'", "The answer is: C", "C"],
    ["bold letters", "The correct answer is **C**.", "C"],
    ["a bold mark", "**Answer:** (C)", "C"],
    ["a bold letter at the beginning", "**C.** because", "C"],
    ["a box", "Hence the choice is $\\boxed{C}$.", "C"],
    ["a box with a text in it", "\\boxed{\\text{(C)}}", "C"],
    ["a box in a tag", "<answer>\\boxed{C}</answer>", "C"],
    ["the letter before the option's text", "<answer>C. 42</answer>", "C"],
    ["a letter in LaTeX", "The answer is $C$", "C"],
    ["no formula for a choice", "The answer is $a + b$", null],
    ["no product for a choice", "The answer is a*b", null],
    ["no article for a choice", "A cat is an animal", null],
    ["no word that begins with a letter", "The answer is definitely unclear", null],
    ["no letter beyond the options", "The answer is F.", null],
    ["nothing", "", null],
  ];
  for (const [what, text, choice] of cases) it(`reads ${what}`, () => assert.equal(choiceOf(text, 5), choice));

  it("takes long runs of spaces and asterisks in a moment", () => {
    for (const run of [" ", "*", "$ ", "answer is ", "\\boxed{", "<answer>"]) assert.equal(choiceOf(run.repeat(20_000), 5), null);
  });
});
