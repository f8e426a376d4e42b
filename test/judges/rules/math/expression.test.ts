import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { MAX_FORMULA, toExpression } from "../../../../src/judges/rules/math/expression.ts";

describe("toExpression(formula)", () => {
  const read: [formula: string, expression: string][] = [
    ["2\\frac{1}{2}x", "(2+((1)/(2)))*v_x"],
    ["xy", "v_x*v_y"],
    ["x(y+1)", "v_x*(v_y+1)"],
    ["\\sin 2x + 1", "sin((2)*(v_x))+1"],
    ["e^2", "e^(2)"],
    ["x_{12}^2", "v_x12^(2)"],
  ];
  for (const [formula, expression] of read) it(`reads ${formula} as ${expression}`, () => assert.equal(toExpression(formula), expression));

  const refused = ["", "+", "x = 1", "x < 1", "word", "\\sum x", "1 +", "(1", "1)", "\\text{cm}", "^2", "'", "x".repeat(MAX_FORMULA + 1)];
  for (const formula of refused)
    it(`takes ${JSON.stringify(formula.slice(0, 12))} for none`, () => assert.equal(toExpression(formula), null));

  it("writes nothing but names, numbers, operators and parentheses, and ends, whatever it is given", () => {
    const pieces = fc.constantFrom(
      ..."\\frac \\sqrt [ ] { } ( ) ^ _ 1 23 x e \\pi \\sin \\log , ; : = \" ' . $ \\left \\text ! % - + * /".split(" "),
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const expression = toExpression(parts.join(""));
        assert.ok(expression === null || /^[\w+\-*/^!().,]+$/.test(expression), String(expression));
      }),
    );
  });
});
