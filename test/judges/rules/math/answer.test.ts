import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMathAnswer } from "../../../../src/judges/rules/math/answer.ts";

describe("readMathAnswer(answer)", () => {
  const shapes: [answer: string, brackets: string, texts: string[]][] = [
    ["$x = \\frac{1}{2}$.", "", ["frac12"]],
    ["[1, 2)", "[)", ["1", "2"]],
    ["(1)", "", ["1"]],
    ["\\left\\{a, b\\right\\}", "{}", ["a", "b"]],
    ["\\(1 \\text{ or } 2\\)", ",", ["1", "2"]],
    ["f(a, b) + (c, d)", "", ["fab+cd"]],
    ["1,000, 2", ",", ["1000", "2"]],
  ];
  for (const [answer, brackets, texts] of shapes) {
    it(`reads the shape of ${answer}`, () => {
      const read = readMathAnswer(answer);
      assert.deepEqual([read?.brackets, read?.parts.map(({ text }) => text)], [brackets, texts]);
    });
  }

  for (const nothing of ["", "$$", ".", "x =", "1,".repeat(60)])
    it(`reads nothing in ${JSON.stringify(nothing.slice(0, 5))}`, () => assert.equal(readMathAnswer(nothing), null));
});
