import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readMathAnswer } from "../../../../src/judges/rules/math/answer.ts";
import { loadEquivalence } from "../../../../src/judges/rules/math/equivalence.ts";

const equivalent = await loadEquivalence();
const same = (a: string, b: string) => equivalent(readMathAnswer(a)!, readMathAnswer(b)!, 1e-9);

const SAME: [inequality: string, interval: string][] = [
  ["x \\ge 3", "[3, \\infty)"],
  ["3 > x", "(-\\infty, 3)"],
  ["0.5 < x \\le 3", "\\left(\\frac{1}{2}, 3\\right]"],
  ["2 \\ge \\theta > 1", "(1, 2]"],
  ["x < -1 \\text{ or } x > 3", "(3, \\infty) \\cup (-\\infty, -1)"],
  ["x \\ne 2", "(-\\infty,2)\\cup(2,\\infty)"],
  ["x \\le 1 \\text{ or } 2 < x < 3", "(-\\infty,1]\\cup(2,3)"],
];

const DIFFERENT: [inequality: string, interval: string][] = [
  ["x > 3", "[3,\\infty)"],
  ["x \\ge 3", "(-\\infty,3]"],
  ["x \\ge 3", "3"],
  ["x > 3", "(3, 4)"],
  ["x > y", "(y, \\infty)"],
  ["1 < x < y", "(1, y)"],
  ["x > 1 \\text{ and } x < 3", "(-\\infty,3)\\cup(1,\\infty)"],
  ["x < -1 \\text{ or } y > 3", "(3, \\infty) \\cup (-\\infty, -1)"],
  ["x < 1", "(-\\infty,1)\\cup(2,3)"],
  ["x \\ne 2", "2"],
  ["x = 2", "[2, 2]"],
  ["1 < 2 < x", "(2, \\infty)"],
  ["1 < x > 3", "(1, 3)"],
];

describe("readIntervals(answer)", () => {
  for (const [a, b] of SAME) it(`takes ${a} for ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [true, true]));
  for (const [a, b] of DIFFERENT) it(`tells ${a} from ${b}`, () => assert.deepEqual([same(a, b), same(b, a)], [false, false]));
});
