import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMathAnswer } from "../../../../src/judges/rules/math/answer.ts";
import { loadEquivalence } from "../../../../src/judges/rules/math/equivalence.ts";
import { readMatrix } from "../../../../src/judges/rules/math/matrix.ts";

describe("readMatrix(formula)", () => {
  const read: [formula: string, rows: string[][]][] = [
    [
      "\\begin{bmatrix}1&\\frac{1}{2}\\\\-3&x\\\\\\end{bmatrix}",
      [
        ["1", "\\frac{1}{2}"],
        ["-3", "x"],
      ],
    ],
    ["[ \\begin{array}{c|c} 1 & 2 \\end{array} ]", [["1", "2"]]],
    ["\\begin{pmatrix} 1 \\\\[4pt] 2 \\end{pmatrix}", [["1"], ["2"]]],
  ];
  for (const [formula, rows] of read) it(`reads ${formula}`, () => assert.deepEqual(readMatrix(formula), rows));

  for (const none of [
    "\\begin{vmatrix} 1 & 2 \\\\ 3 & 4 \\end{vmatrix}",
    "\\begin{pmatrix} 1 & 2 \\\\ 3 \\end{pmatrix}",
    "\\begin{pmatrix} 1 \\end{pmatrix} + \\begin{pmatrix} 2 \\end{pmatrix}",
    "\\begin{pmatrix} 1 \\end{bmatrix}",
    "\\begin{pmatrix}\\end{pmatrix}",
    `\\begin{pmatrix}${"1&".repeat(100)}1\\end{pmatrix}`,
    "(1, 2)",
  ])
    it(`takes ${none.slice(0, 60)} for none`, () => assert.equal(readMatrix(none), null));
});

describe("matrices among answers", async () => {
  const equivalent = await loadEquivalence();
  const same = (a: string, b: string) => equivalent(readMathAnswer(a)!, readMathAnswer(b)!, 1e-9);
  const alike: [string, string][] = [
    ["\\begin{pmatrix} \\frac{1}{2} & 3 \\\\ -4 & x \\end{pmatrix}", "\\left[\\begin{array}{cc}0.5&3\\\\-4&x\\end{array}\\right]"],
    ["A = \\begin{bmatrix}1\\\\2\\end{bmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"],
    ["2\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "2\\begin{pmatrix}1\\\\2\\end{pmatrix}"],
  ];
  const apart: [string, string][] = [
    ["\\begin{pmatrix} 1 & 2 \\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"],
    ["\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{pmatrix} 1 & 2 & 3 & 4 \\end{pmatrix}"],
    ["\\begin{pmatrix} a & bc \\end{pmatrix}", "\\begin{pmatrix} ab & c \\end{pmatrix}"],
    ["\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{pmatrix} 1 & 3 \\\\ 2 & 4 \\end{pmatrix}"],
    ["\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "\\begin{vmatrix} 1 & 2 \\\\ 3 & 4 \\end{vmatrix}"],
    ["2\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "2\\begin{pmatrix} 1 & 2 \\end{pmatrix}"],
    ["\\begin{pmatrix} 1 & 2 \\end{pmatrix}", "(1, 2)"],
  ];
  for (const [a, b] of alike) it(`takes ${a} for ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [true, true]));
  for (const [a, b] of apart) it(`tells ${a} from ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [false, false]));
});
