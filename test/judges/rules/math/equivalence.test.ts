import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readMathAnswer } from "../../../../src/judges/rules/math/answer.ts";
import { loadEquivalence } from "../../../../src/judges/rules/math/equivalence.ts";

const equivalent = await loadEquivalence();
const same = (a: string, b: string) => {
  const [left, right] = [readMathAnswer(a), readMathAnswer(b)];
  return left !== null && right !== null && equivalent(left, right, 1e-9);
};

const SAME: [string, string][] = [
  ["\\frac{1}{2}", "0.5"],
  ["\\dfrac12", "1/2"],
  ["2\\frac{1}{2}", "5/2"],
  ["$\\frac{3\\sqrt{2}}{2}$", "\\frac{3}{\\sqrt 2}"],
  ["\\sqrt[3]{27}", "3"],
  ["x^2+2x+1", "(x+1)^2"],
  ["(x-1)(x+1)", "x^2 - 1"],
  ["2\\cdot 3^{10}", "118098"],
  ["\\left(\\frac{1}{2}, 3\\right)", "(0.5,3)"],
  ["\\{3, 1\\}", "\\{1,3\\}"],
  ["\\{1,1,2\\}", "\\{2,1\\}"],
  ["1, 3", "3 \\text{ and } 1"],
  ["3 \\pm \\sqrt{2}", "3-\\sqrt{2}, 3+\\sqrt{2}"],
  ["x = 5", "5."],
  ["f(x) = 2x", "2 x"],
  ["1,234,567", "1{,}234{,}567"],
  ["90^\\circ", "90"],
  ["10\\text{ cm}", "10"],
  ["50\\%", "0.5"],
  ["\\$18", "18"],
  ["\\sin^2 x + \\cos^2 x", "1"],
  ["\\log_2 8", "3"],
  ["\\ln e^3", "3"],
  ["\\frac{\\pi}{4}", "\\pi/4"],
  ["5!", "120"],
  ["[0,\\infty)", "[0, \\infty)"],
  ["2^{-3}", "1/8"],
  ["a_1 + a_{2}", "a_2+a_1"],
  ["e^{x+y}", "e^x e^y"],
  ["\\alpha\\beta", "\\beta \\alpha"],
  ["\\text{Monday}", "monday"],
  ["3x+2i", "2i+3x"],
  ["x \\in [0, 1]", "x\\in[0,1]"],
  ["5\\text{ cm}", "5 cm"],
  ["\\text{(B)}", "b"],
  ["(B)", "b"],
  ["x < 5", "x<5"],
  ["1010_{2}", "1010_2"],
  ["2^{5000}", "2^{5000}"],
  ["45°", "45^\\circ"],
  ["2√3", "2\\sqrt{3}"],
  ["π/4", "\\frac{\\pi}{4}"],
  ["x² + 1", "x^2+1"],
  ["(−∞, 3]", "(-\\infty, 3]"],
  ["3 ± √2", "3 \\pm \\sqrt{2}"],
  ["x ≤ 5", "x \\leq 5"],
  ["2½", "5/2"],
  ["(-\\infty,3]\\cup(5,\\infty)", "(−∞, 3] ∪ \\left(5, ∞\\right)"],
  ["5\\text{ cm}^2", "5"],
  ["5\\text{ m}^{3}x", "5x"],
  ["x = -1 \\text{ or } x = 3", "3, -1"],
  ["x=1,x=2", "x = 1, 2"],
  ["5\\,\\text{m/s}", "5"],
  ["2\\,x\\, y", "2xy"],
  ["(100,200)", "\\left(100, 200\\right)"],
  ["\\{120,240\\}", "\\{240, 120\\}"],
  ["[1,000, 2,000)", "[1000,2000)"],
  ["\\sqrt{-1-x^2}", "\\sqrt{-1 - x^2}"],
  ["\\frac12<x", "\\frac{1}{2} < x"],
  ["\\frac{1}{2} \\le x < 3", "0.5 ≤ x<3"],
  ["x<5\\text{ cm}", "x < 5 cm"],
  ["1 000 000", "1000000"],
  ["x \\in [0,100]", "x\\in[0, 100]"],
  ["\\text{Simpson's rule}", "Simpsons rule"],
  ["f'(x)", "f^{\\prime}(x)"],
  ["x′", "x'"],
  ["'x'", "x"],
  ["\\{\\} = A", "\\{\\} = A"],
  ["\\sum_{k=1}^{n} k", "\\sum_{k = 1}^{n} k"],
  ["(1,2),(3,4)", "(3, 4), (1, 2)"],
  ["\\{(1,2),(3,4)\\}", "(1,2),(3,4)"],
  ["\\left\\{(0.5,2),(3,4)\\right\\}", "(3,4) \\text{ and } \\left(\\frac{1}{2},2\\right)"],
  ["((1,2),(3,4))", "((1, 2), (\\sqrt{9}, 4))"],
  ["(x,y) = (1,0.5)", "(x, y) = \\left(1, \\frac{1}{2}\\right)"],
  ["[1,2],[3,4]", "[3,4], [1,2]"],
  ["x=1, y=2", "y = 2, x = 1"],
  ["x = 1 \\text{ and } y = 0.5", "y=\\frac{1}{2}, x=1"],
  ["|-3|", "3"],
  ["\\left|x-1\\right|", "|1-x|"],
  ["\\frac{|x|}{2}", "0.5\\lvert x \\rvert"],
  ["|x|+|y|", "|y| + |x|"],
  ["|x|y", "y|x|"],
  ["||x|-1|", "||x|-1|"],
  ["P(A|B)", "P(A | B)"],
  ["\\{x|x>0\\}", "\\{x | x > 0\\}"],
  ["\\binom{5}{2}", "10"],
  ["2\\cdot\\dbinom{10}{3} + 1", "241"],
  ["\\binom52", "10"],
  ["\\binom{40}{20}", "137846528820"],
  ["\\binom{n}{k}", "\\binom{n}{k}"],
  ["\\mathbf{5}", "5"],
  ["\\boldsymbol{\\frac{1}{2}}", "0.5"],
  ["5 dollars", "5"],
  ["\\$5", "5 dollars"],
  ["90 degrees", "90^\\circ"],
];

const DIFFERENT: [string, string][] = [
  ["\\frac{1}{2}", "\\frac{1}{3}"],
  ["0.333", "1/3"],
  ["3.14159", "\\pi"],
  ["(1,2)", "(2,1)"],
  ["(0,1)", "[0,1]"],
  ["\\{1,1,2\\}", "\\{1,3\\}"],
  ["\\{1,2\\}", "(1,2)"],
  ["1,2", "1,2,3"],
  ["\\sqrt{x^2}", "x"],
  ["x+y", "xy"],
  ["2x", "x^2"],
  ["-5", "5"],
  ["\\text{Monday}", "\\text{Tuesday}"],
  ["\\log x", "\\ln x"],
  ["a_1", "a_2"],
  ["ab", "a+b"],
  ["0", "0.0000001"],
  ["x^2=1", "x=1"],
  ["\\frac{1}{0}", "\\frac{0}{0}"],
  ["2^{5000}", "3^{5000}"],
  ["(0, \\infty)", "(0, -\\infty)"],
  ["2^{10}", "210"],
  ["\\frac{12}{3}", "\\frac{1}{23}"],
  ["\\sqrt{2}3", "\\sqrt{23}"],
  ["2*3", "23"],
  ["(2)(3)", "23"],
  ["3!", "3"],
  ["|x-1|", "x-1"],
  ["x < 5", "x > 5"],
  ["3:4", "34"],
  ["1010_2", "10102"],
  ["(1,100)", "1100"],
  ["x²", "x2"],
  ["(-\\infty,3]\\cup(5,\\infty)", "(-\\infty,3)\\cup(5,\\infty)"],
  ["(1,2)\\cup(3,4]", "(1,2)\\cap(3,4]"],
  ["5\\text{ cm}^2", "25"],
  ["x = 1, y = 2", "y = 1, x = 2"],
  ["x ≤ 5", "x ≥ 5"],
  ["\\frac{1}{23}<x", "\\frac{12}{3}<x"],
  ["\\frac{a}{bc} < x", "\\frac{ab}{c} < x"],
  ["\\sum_{k=1}^{12} 3", "\\sum_{k=1}^{1} 23"],
  ["12", "1 2"],
  ["x'", "x"],
  ["y''", "y'"],
  ["x < y < z", "x < y"],
  ["(1,2),(3,4)", "(2,1),(3,4)"],
  ["(1,2),(3,4)", "(1,2),(4,3)"],
  ["(1,2),(3,4)", "(1,4),(3,2)"],
  ["(1,2),(3,4)", "[1,2],[3,4]"],
  ["(1,2),(3,4)", "(1,2)"],
  ["(1,2),(3,4)", "12, 34"],
  ["((1,2),(3,4))", "((3,4),(1,2))"],
  ["((1,2),(3,4))", "(1,2),(3,4)"],
  ["x=1, y=2", "x=2, y=1"],
  ["x=1, y=2", "1, 2"],
  ["|-3|", "-3"],
  ["|x|", "x"],
  ["|x|y|", "|x||y|"],
  ["a|b", "ab"],
  ["\\binom{5}{2}", "2.5"],
  ["\\binom{12}{3}", "\\binom{1}{23}"],
  ["\\binom{n}{k}", "\\binom{k}{n}"],
  ["5 million", "5"],
  ["5 percent", "5"],
  ["5 dollars", "5 euros"],
  ["dollars", "5"],
  ["2 3", "6"],
  ["1 000 000", "0"],
  ["1 2/3", "2/3"],
];

describe("loadEquivalence()", () => {
  for (const [a, b] of SAME) {
    it(`takes ${a} for ${b}`, () => {
      assert.equal(same(a, b), true);
      assert.equal(same(b, a), true);
    });
  }
  for (const [a, b] of DIFFERENT) it(`tells ${a} from ${b}`, () => assert.equal(same(a, b) || same(b, a), false));

  it("tells apart whole numbers as JavaScript does, however they are written", () => {
    const whole = fc.integer({ min: -500, max: 500 });
    fc.assert(
      fc.property(whole, whole, fc.integer({ min: 1, max: 99 }), (a, b, c) => {
        assert.equal(same(`\\frac{${a * c}}{${c}}`, `${b}`), a === b);
      }),
    );
  });

  it("expands a product of sums as algebra does", () => {
    const small = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(small, small, fc.constantFrom(-1, 0, 1), (a, b, off) => {
        assert.equal(same(`(x+(${a}))(x+(${b}))`, `x^2 + (${a + b})x + (${a * b + off})`), off === 0);
      }),
    );
  });

  it("computes nothing but formulas, and takes hostile ones for texts", () => {
    for (const hostile of [
      "import('fs')",
      "createUnit(1)",
      "constructor",
      "f(x):=1",
      "[1,2;3,4]",
      "a.b",
      'x["constructor"]',
      "(".repeat(10_000),
      "{".repeat(300),
      `${"2^".repeat(149)}2`,
      "9!!!!!!!!",
      "(-x)!",
      "\\frac".repeat(60),
      "x".repeat(300),
      "1;2",
      "\\sqrt[",
      "\\log_",
    ])
      assert.equal(same(hostile, "1"), false, hostile.slice(0, 20));
  });
});
