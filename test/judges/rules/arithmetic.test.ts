import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { checkClaims, evaluateArithmetic, findClaims } from "../../../src/judges/rules/arithmetic.ts";

describe("evaluateArithmetic(expression)", () => {
  const values: [string, number][] = [
    ["2+3*4", 14],
    ["(2+3)*4", 20],
    ["-2^2", -4],
    ["2^3^2", 512],
    ["2^-1", 0.5],
    ["3 x 20 ÷ 4", 15],
    ["$1,200.50 - $0.50", 1200],
    ["8/2/2", 2],
    ["--1", 1],
  ];
  for (const [text, value] of values) it(`gives ${value} for ${text}`, () => assert.equal(evaluateArithmetic(text), value));

  for (const text of [
    "",
    "2+",
    "(1",
    "1)",
    "2 3 4)",
    "2 1/2 + 1",
    "1/0",
    "0/0",
    "9^9^9^9",
    "a+1",
    "constructor",
    "1".repeat(201),
    "(".repeat(200),
  ]) {
    it(`gives nothing for ${JSON.stringify(text.slice(0, 20))}`, () => assert.equal(evaluateArithmetic(text), null));
  }

  it("makes no error of what is no expression, since its trace would cost more than the reading", () => {
    let made = 0;
    class Counted extends Error {
      constructor(message?: string, options?: ErrorOptions) {
        super(message, options);
        made++;
      }
    }
    const base = Object.getPrototypeOf(GatewayError);
    Object.setPrototypeOf(GatewayError, Counted);
    try {
      assert.deepEqual(findClaims("-=1".repeat(1000)), []);
      for (const text of ["", "2+", "(1", "1)"]) assert.equal(evaluateArithmetic(text), null);
      new GatewayError("REQUEST_INVALID", "counted");
    } finally {
      Object.setPrototypeOf(GatewayError, base);
    }
    assert.equal(made, 1);
  });

  it("agrees with JavaScript on sums and products of whole numbers", () => {
    const term = fc.tuple(fc.nat(99), fc.array(fc.tuple(fc.constantFrom("+", "-", "*"), fc.nat(99)), { maxLength: 6 }));
    fc.assert(
      fc.property(term, ([first, rest]) => {
        // By precedence: products first, then the sum from left to right.
        const sums: number[] = [first];
        for (const [sign, value] of rest) {
          if (sign === "*") sums.push(sums.pop()! * value);
          else sums.push(sign === "-" ? -value : value);
        }
        const expected = sums.reduce((total, value) => total + value, 0);
        assert.equal(evaluateArithmetic(`${first}${rest.map(([sign, value]) => `${sign}${value}`).join("")}`), expected);
      }),
    );
  });
});

describe("findClaims(text)", () => {
  it("reads expressions with what surrounds them in sentences", () => {
    const text = "He has 5, so 2 * 3 = 6. Then ($4 + $6) / 2 = $5, x = 3 and 7 = 7; 10/4=2.5%, and 61 - 9 = 52 apps.";
    assert.deepEqual(findClaims(text), [
      { expression: "2 * 3", value: 6 },
      { expression: "($4 + $6) / 2", value: 5 },
      { expression: "10/4", value: 0.025 },
      { expression: "61 - 9", value: 52 },
    ]);
  });

  const held: [what: string, text: string][] = [
    ["a list of steps", "- 12 * 4 = 48\n* 3 + 4 = 7\n1. 2 * 3 = 6\n2) 5 - 3 = 2\n-5 + 3 = -2"],
    ["a result that is computed further", "3*20 + 5 = 60 + 5 = 65, so 2 x 4 = 6 + 2. 3 * 2 = 6"],
    ["a result that is a fraction", "2/4 = 1/2 and 5/2 = 2 1/2"],
    ["numbers before the calculation", "In 2020 5 + 3 = 8; .5 + 1 = 1.5"],
    ["bold text", "**3 + 4 = 7** and **Total:** 2 + 2 = 4"],
    ["results in bold or in a box", "3 + 4 = **7**, 2 * 3 = **$6** a day, 5 - 3 = **1 + 1**, 4 * 4 = **8** * 2 and 2 + 2 = \\boxed{4}"],
    ["per cents", "100 - 54 = 46%, 18 / 450 x 100 = 4%, 9.0*5=45.0% and 3/4 = 75%, 2 * 0.25 = 50%"],
    ["brackets", "(3 + 4 = 7), ((2 + 3) * 4 = 20), so 5 * (2 + 3 = 5) and \\(12 + 4 = 16\\)"],
  ];
  for (const [what, text] of held) {
    it(`finds right what is right in ${what}`, () => {
      const claims = findClaims(text);
      assert.ok(claims.length > 1);
      assert.deepEqual(
        checkClaims(claims, 1e-9).ok,
        claims.map(() => true),
        JSON.stringify(claims),
      );
    });
  }

  it("finds wrong what is wrong in bold and in brackets, and nothing beside it", () => {
    const claims = findClaims("3 + 4 = **8**, (3 + 4 = 9) and 2 + 2 = \\boxed{5} apples");
    assert.deepEqual(claims, [
      { expression: "3 + 4", value: 8 },
      { expression: "3 + 4", value: 9 },
      { expression: "2 + 2", value: 5 },
    ]);
  });

  it("takes a quotient in per cents by its hundredths", () => {
    assert.deepEqual(checkClaims(findClaims("3/4 = 0.75%, 100 - 54 = 47%"), 1e-9).ok, [false, false]);
  });

  const parts = [
    "f(2 + 3 = 5)",
    "\\sqrt(9 + 16 = 25)",
    "2 + 8 = **3** + y",
    "2x + 3 = 11",
    "2x - 3 * 2 = 7",
    "y + 2 * 3 = 10",
    "y - 2 * 3 = 4",
    "x2 + 3 = 5",
    "f(3) + 4 = 10",
    "(a + b) * 3 + 1 = 16",
    "3 \\times 4 + 1 = 13",
    "\\frac{1}{2} + 3 * 2 = 6.5",
    "3 · 4 + 1 = 13",
    "10 – 4 + 1 = 7",
    "15 - 5 = 2x",
    "10 + 5 = 7 + y",
    "2 * 6 = 3 \\times 4",
    "2 + 8 = 3 + 4y",
    "2 1/2 + 1 = 3.5",
    "400 000 x 3/100 = 12 000",
    "6 * 2000 = 12 000",
  ];
  for (const text of parts) it(`claims nothing of a part of ${text}`, () => assert.deepEqual(findClaims(text), []));

  it("reads no more than 200, and takes a megabyte of signs in a moment", () => {
    assert.equal(findClaims("1+1=2 ".repeat(300)).length, 200);
    assert.deepEqual(findClaims("+=".repeat(500_000)), []);
  });
});

describe("checkClaims(claims, tolerance)", () => {
  it("takes a claim that has no value as wrong", () => assert.equal(checkClaims([{ expression: "1/0", value: 1 }], 1e-6).share, 0));
});
