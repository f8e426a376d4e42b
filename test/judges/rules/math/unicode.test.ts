import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toLatex } from "../../../../src/judges/rules/math/unicode.ts";

describe("toLatex(formula)", () => {
  const written: [formula: string, latex: string][] = [
    ["x¹⁰ + y⁻²", "x^{10} + y^{-2}"],
    ["2½", "2\\frac12 "],
    ["x ≤ 5", "x \\le  5"],
    ["x\\leq5", "x\\le5"],
    ["\\neqn", "\\neqn"],
    ["x^2 + 1", "x^2 + 1"],
  ];
  for (const [formula, latex] of written) it(`writes ${formula} as ${latex}`, () => assert.equal(toLatex(formula), latex));
});
