import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { exactMatch, foldAnswer } from "../../../src/judges/rules/exact-match.ts";

describe("foldAnswer(text)", () => {
  it("changes nothing when done twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ".", " ", "!", "\u0130", "e", "\u0301") }), (text) =>
        assert.equal(foldAnswer(foldAnswer(text)), foldAnswer(text)),
      ),
    );
  });

  it("keeps what tells numbers apart and drops other marks", () => assert.equal(foldAnswer("“ -3.5 %, +1/2! ”"), "-3.5 % +1/2"));
});

describe("exactMatch(prediction, gold)", () => {
  it("takes composed and decomposed letters as one", () => assert.equal(exactMatch("cafe\u0301", "Caf\u00e9"), 1));
  it("takes a minus sign for a hyphen, and never for nothing", () => {
    assert.equal(exactMatch("\u22125", "-5"), 1);
    assert.equal(exactMatch("\u22125", "5"), 0);
  });
  it("tells different words apart", () => assert.equal(exactMatch("pari", "paris"), 0));
});
