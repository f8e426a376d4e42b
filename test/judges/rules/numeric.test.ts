import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { numericMatch, parseNumber, statedNumber } from "../../../src/judges/rules/numeric.ts";

const TOLERANCE = { rel: 1e-3, abs: 1e-6 };

describe("parseNumber(text)", () => {
  const read: [string, number][] = [
    ["42", 42],
    [" 1,234,567.5 ", 1234567.5],
    ["$1,234.50", 1234.5],
    ["-$5", -5],
    ["\u22123", -3],
    ["+7.", 7],
    [".5", 0.5],
    ["50 %", 0.5],
    ["3/4", 0.75],
    ["2 1/2", 2.5],
    ["-1/8", -0.125],
    ["1e-3", 0.001],
  ];
  for (const [text, value] of read) it(`reads ${JSON.stringify(text)} as ${value}`, () => assert.equal(parseNumber(text), value));

  for (const text of [
    "",
    "abc",
    "12 apples",
    "1,23",
    "1/0",
    "0/0",
    "1//2",
    "0x10",
    "NaN",
    "Infinity",
    "1e999",
    "e5",
    ".",
    "%",
    "--1",
    "1 2",
    "9".repeat(65),
  ]) {
    it(`takes ${JSON.stringify(text)} for no number`, () => assert.equal(parseNumber(text), null));
  }

  it("reads back every finite number that JavaScript writes", () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => assert.equal(parseNumber(String(x)), x + 0)));
  });
});

describe("statedNumber(answer)", () => {
  const stated: [string, number | null][] = [
    ["42 apples", 42],
    ["x = -3.5.", -3.5],
    ["about $1,200, or so", 1200],
    ["46% of them", 0.46],
    ["a half (1/2)", 0.5],
    ["1{,}234{,}567", 1234567],
    ["1\\,000\\text{ m}", 1000],
    ["46\\%", 0.46],
    ["\\$18.50", 18.5],
    ["x = -\\frac{1}{2}", -0.5],
    ["2\\dfrac{1}{2}", 2.5],
    ["3 or 4", null],
    ["10 + 5", null],
    ["no number", null],
  ];
  for (const [answer, value] of stated) it(`reads ${JSON.stringify(answer)} as ${value}`, () => assert.equal(statedNumber(answer), value));
});

describe("numericMatch(prediction, gold, tolerance)", () => {
  it("allows the larger of both tolerances, of the gold number's size", () => {
    assert.equal(numericMatch("1000.9", "1000", TOLERANCE), 1);
    assert.equal(numericMatch("1001.1", "1000", TOLERANCE), 0);
    assert.equal(numericMatch("0.0000005", "0", TOLERANCE), 1);
  });

  it("says nothing where one side is no number", () => {
    assert.equal(numericMatch("four", "4", TOLERANCE), null);
    assert.equal(numericMatch("4", "four", TOLERANCE), null);
  });
});
