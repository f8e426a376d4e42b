import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
