import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ANSWER_PLACES, type AnswerPlace, finalAnswer } from "../../../src/judges/rules/final-answer.ts";

describe("finalAnswer(text, places)", () => {
  const cases: [what: string, text: string, answer: string | null, places?: AnswerPlace[]][] = [
    ["a tag before anything else", "A: 1 \\boxed{2} <answer> 3 </answer>", "3"],
    ["the last of several boxes, braces and all", "\\boxed{1} then \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"],
    ["boxes that are joined as one answer", "$\\boxed{1}$ or $\\boxed{2}$", "1, 2"],
    ["three boxes that are joined", "\\boxed{1}, \\boxed{2} \\quad \\text{and} \\quad \\boxed{3}", "1, 2, 3"],
    ["an answer that is boxed twice", "\\boxed{2}, \\boxed{2}", "2"],
    ["the last of boxes in sentences", "so \\boxed{1}. And then \\boxed{2}", "2"],
    ["the inner box", "\\boxed{ \\boxed{2} }", "2"],
    ["an escaped brace inside a box", "\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"],
    ["the marker of GSM8K", "1 + 1 = 2\n#### 2", "2"],
    ["a line that begins with A:", "a: 1\nso\nA: 2", "2"],
    ["a sentence", "Thus the answer is: 42.", "42."],
    ["the whole text where nothing marks an answer", " 42 ", "42"],
    ["nothing from a word that ends in a:", "Data: 5", "Data: 5"],
    ["nothing where the last mark is empty", "A: 5\nA:", null],
    ["nothing from a box that is never closed", "\\boxed{1", "\\boxed{1"],
    ["the box in a tag", "<answer>So it is $\\boxed{42}$.</answer>", "42"],
    ["a tag that is told without boxes as it is", "<answer>\\boxed{42}</answer>", "\\boxed{42}", ["tag"]],
    ["an emphasised mark", "3 + 4\n**Answer:** 7", "7"],
    ["an emphasised line", "**Final Answer: 7**", "7"],
    ["a sentence before others", "The answer is $\\frac{1}{2}$. I am sure of it.", "$\\frac{1}{2}$"],
    ["an emphasised mark before a remark", "Answer: **7**. Explanation: because", "7"],
    ["an answer with a unit before a remark", "The answer is 5.5 dollars. However, beware", "5.5 dollars"],
    ["no part of a name", "The answer is St. Louis. It is a city", "St. Louis. It is a city"],
    ["the last sentence of a line", "So the answer is 5? No, the answer is 6.", "6."],
    ["a sentence that ends with the mark", "The answer is 5, which is what the answer is.", "5, which is what the answer is."],
    ["an emphasised answer", "So the answer is **7**", "7"],
    ["an emphasised answer at the end of a sentence", "The answer is **$\\frac{1}{2}$**.", "$\\frac{1}{2}$"],
    ["the line below a mark", "Answer:\n\n7\nsince 3 + 4 = 7", "7"],
    ["the line below an emphasised mark", "3 + 4\n**Answer:**\n**7**", "7"],
    ["the formula below a mark", "The final answer is:\n$$\n7\n$$\nas 3 + 4 = 7", "$$\n7\n$$"],
    ["the line below a heading without a colon", "### Final Answer\n\n7 apples\n", "7 apples"],
    ["the line below an emphasised heading", "**Answer**\n7", "7"],
    ["no heading in a sentence", "Answer the question: 3 + 4 = 7", "Answer the question: 3 + 4 = 7"],
    ["a mark that is a heading", "### Answer: 7\n", "7"],
    ["nothing from an option in a list", "- A: 1\n- B: 2", "- A: 1\n- B: 2"],
    ["asterisks alone as no answer", `Answer: ${"*".repeat(60_000)}`, null],
    ["no essay", "x".repeat(1_001), null],
  ];
  for (const [what, text, answer, places = ANSWER_PLACES] of cases)
    it(`reads ${what}`, () => assert.equal(finalAnswer(text, places), answer));

  it("does not look for a place that it is not told", () => assert.equal(finalAnswer("A: 5", ["boxed"]), null));
});
