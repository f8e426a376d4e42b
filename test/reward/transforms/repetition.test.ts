import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { repetitionPenalty } from "../../../src/reward/transforms/repetition.ts";

describe("repetitionPenalty(ids, n, maxPenalty)", () => {
  it("lies between the greatest penalty and 0, and is 0 for tokens that are all different", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), (ids, n) => {
        const penalty = repetitionPenalty(ids, n, -2);
        assert.ok(penalty > -2 && penalty <= 0);
        assert.equal(repetitionPenalty([...new Set(ids)], n, -2), 0);
      }),
    );
  });

  it("is the share of n-grams that were there before, of the greatest penalty", () => {
    assert.equal(repetitionPenalty([5, 5, 5, 5, 5], 2, -2), -1.5);
  });

  it("does not take two tokens for another: 1, 23 is not 12, 3", () => assert.equal(repetitionPenalty([1, 23, 12, 3], 2, -1), 0));
});
