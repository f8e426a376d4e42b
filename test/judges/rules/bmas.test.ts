import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { BMAS_MAX_TOKENS, bestMatchSimilarity } from "../../../src/judges/rules/bmas.ts";

const tokens = fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }), {
  minLength: 1,
  maxLength: 6,
});

describe("bestMatchSimilarity(prediction, gold)", () => {
  it("swaps precision and recall with its sides, and does not depend on the order of tokens", () => {
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        const forth = bestMatchSimilarity(a, b);
        const back = bestMatchSimilarity([...b].reverse(), a);
        assert.ok(Math.abs(forth.precision - back.recall) < 1e-12 && Math.abs(forth.bmas - back.bmas) < 1e-12);
      }),
    );
  });

  it("takes a zero vector as like nothing", () => assert.equal(bestMatchSimilarity([[0, 0]], [[1, 0]]).bmas, 0));

  it("reads no more tokens than its limit", () => {
    const many = Array.from({ length: BMAS_MAX_TOKENS }, () => [1, 0]);
    assert.equal(bestMatchSimilarity([...many, [0, 1]], [[1, 0]]).precision, 1);
  });
});
