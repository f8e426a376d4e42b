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
    ["a correct option", "The correct option is C.", "C"],
    ["a best choice in brackets", "So the best choice is (B)", "B"],
    ["no incorrect option", "The incorrect option is C.", null],
    ["no article behind an option", "The correct option is a triangle", null],
    ["an option in a tag", "<answer>Option C</answer>", "C"],
    ["a letter below a heading", "### Final Answer\nC", "C"],
    ["a bold letter below a bold heading", "**Final Answer**\n\n**A**", "A"],
    ["a letter and its text below a heading", "**Answer**\nA) Paris", "A"],
    ["no article below a heading", "### Final Answer\nA triangle has three sides", null],
    ["no article below a mark", "Answer:\nA triangle has three sides", null],
    ["a letter in quotes", 'The answer is "C".', "C"],
    ["a letter in square brackets", "The answer is [C]", "C"],
    ["a letter in code", "The answer is `a`.", "A"],
    ["a letter in LaTeX", "The answer is $C$", "C"],
    ["no formula for a choice", "The answer is $a + b$", null],
    ["no product for a choice", "The answer is a*b", null],
    ["no article for a choice", "A cat is an animal", null],
    ["no word that begins with a letter", "The answer is definitely unclear", null],
    ["no letter beyond the options", "The answer is F.", null],
    ["nothing", "", null],
    ["no article for a choice in a sentence", "The answer is a triangle", null],
    ["the choice before an article", "The answer is B. So the answer is a triangle.", "B"],
    ["no variable for a choice", "The answer is a + b", null],
    ["no prefix for a choice", "The answer is a-priori", null],
    ["no fraction for a choice", "The answer is a/b", null],
    ["a small letter at the end", "So the answer is a", "A"],
    ["a small letter at the end of a line", "Answer: a \nIt has three sides.", "A"],
    ["a small letter before a full stop", "The answer is a.", "A"],
    ["a small letter before a comma", "the answer is a, a triangle", "A"],
    ["a small letter in brackets", "The answer is (a) triangle", "A"],
    ["a small letter behind a bracket", "The answer is a) triangle", "A"],
    ["a small letter before a colon", "answer: a: triangle", "A"],
    ["a small letter before a dash", "The answer is a - triangle", "A"],
    ["a small letter before the option in brackets", "The answer is a (triangle)", "A"],
    ["a small letter before a reason", "The answer is a because it has three sides", "A"],
    ["a small letter before spaces at the end", "Answer: a  ", "A"],
    ["a small letter in a table", "| Answer: a | triangle |", "A"],
    ["a small letter behind 'option'", "The answer is option a as shown", "A"],
    ["no article at the beginning, in bold", "**A** triangle", null],
    ["a small letter in LaTeX", "The answer is $a$ here", "A"],
    ["a small letter in bold", "The answer is **a** here", "A"],
    ["a capital before a word", "The answer is A because", "A"],
    ["no choice in two letters", "The answer is A or B", null],
    ["no choice in two letters in brackets", "The answer is (a) and (b).", null],
    ["no choice in a list of letters", "The answer is A, B, or C.", null],
    ["no choice in letters with a stroke", "Answer: A/B", null],
    ["the choice before a list of letters", "The answer is B. So the answer is A, B, C", "B"],
    ["a choice before the others are refused", "The answer is B, A is wrong", "B"],
    ["a choice before another is refused", "The answer is B and A is wrong", "B"],
    ["a choice and no letter beyond the options", "The answer is B, X.", "B"],
    ["a box with spaces", "$\\boxed{ C }$", "C"],
    ["a box with a bold letter of mathematics", "\\boxed{\\mathbf{C}}", "C"],
    ["an option in a box", "\\boxed{\\text{Option C}}", "C"],
    ["a letter in brackets of LaTeX", "**Final Answer:** \\(C\\)", "C"],
    ["another small letter before a word", "The answer is b as shown", "B"],
  ];
  for (const [what, text, choice] of cases) it(`reads ${what}`, () => assert.equal(choiceOf(text, 5), choice));

  it("takes the word I for no choice among nine options or more", () => {
    assert.equal(choiceOf("The answer is I think unclear", 9), null);
    assert.equal(choiceOf("The answer is I.", 9), "I");
    assert.equal(choiceOf("The answer is (I) here", 9), "I");
  });

  it("takes long runs of spaces and asterisks in a moment", () => {
    for (const run of [" ", "*", "$ ", "answer is ", "\\boxed{", "<answer>"]) assert.equal(choiceOf(run.repeat(20_000), 5), null);
  });
});
