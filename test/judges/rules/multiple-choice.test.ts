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
    ["no article for a choice", "A cat is an animal", null],
    ["no word that begins with a letter", "The answer is definitely unclear", null],
    ["no letter beyond the options", "The answer is F.", null],
    ["nothing", "", null],
  ];
  for (const [what, text, choice] of cases) it(`reads ${what}`, () => assert.equal(choiceOf(text, 5), choice));
});
