import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { agreesAsWritten, numericMatch, parseNumber, statedNumber, statedQuantity } from "../../../src/judges/rules/numeric.ts";

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
    ["\\$32,\\!348", 32_348],
    ["46\\%", 0.46],
    ["\\$18.50", 18.5],
    ["x = -\\frac{1}{2}", -0.5],
    ["2\\dfrac{1}{2}", 2.5],
    ["\\frac12", 0.5],
    ["-\\dfrac 3{4}", -0.75],
    ["2\\frac12", 2.5],
    ["$1.2 million a year", 1_200_000],
    ["5 thousand", 5000],
    ["3-hundred", 300],
    ["46 percent of them", 0.46],
    ["46 per cent", 0.46],
    ["5 millionaires", 5],
    ["negative 5", -5],
    ["minus $5 a day", -5],
    ["5\\text{ cm}^{2}", 5],
    ["5 cm^2", 5],
    ["5 m²", 5],
    ["90^{\\circ}", 90],
    ["5 I think", 5],
    ["5!", 5],
    ["7^{th}", 7],
    ["7^\\text{th}", 7],
    ["<b>5</b>", 5],
    ["=> 5", 5],
    ["5 more than Tom", 5],
    ["3 or 4", null],
    ["\\sqrt{2}", null],
    ["√2", null],
    ["sqrt(2)", null],
    ["25\\pi", null],
    ["25π", null],
    ["\\frac{\\pi}{4}", null],
    ["2^n", null],
    ["x^2", null],
    ["10⁵", null],
    ["3i", null],
    ["3\\text{i}", null],
    ["2x", null],
    ["\\pm 5", null],
    ["log 100", null],
    ["5 and a half", null],
    ["(-1)^n", null],
    ["not 5", null],
    ["more than $5", null],
    ["x > 5", null],
    ["$x \\geq 5$", null],
    ["10 + 5", null],
    ["no number", null],
  ];
  for (const [answer, value] of stated) it(`reads ${JSON.stringify(answer)} as ${value}`, () => assert.equal(statedNumber(answer), value));
});

describe("agreesAsWritten(given, gold, tolerance)", () => {
  const exactly = { rel: 1e-9, abs: 0 };
  const cases: [given: string, gold: string, agrees: boolean][] = [
    ["25%", "25", true],
    ["25", "25%", true],
    ["25 percent", "25", true],
    ["25%", "0.25", true],
    ["0.25", "25%", true],
    ["25%", "24", false],
    ["2500%", "25", true],
    ["2500%", "0.25", false],
    ["0.5%", "0.5", false],
    ["0.5", "0.5%", false],
    ["25%", "2500", false],
    ["25%", "25%", true],
    ["25%", "0.25%", false],
  ];
  for (const [given, gold, agree] of cases) {
    it(`${agree ? "takes" : "does not take"} ${given} for ${gold}`, () => {
      assert.equal(agreesAsWritten(statedQuantity(given)!, statedQuantity(gold)!, exactly), agree);
    });
  }
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
