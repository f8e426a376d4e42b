import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sigmoid } from "../../../src/reward/numerics.ts";
import { intransitivity, knockout } from "../../../src/reward/pairwise/tournament.ts";

const strengths = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 7 });
const preferencesOf = (theta: readonly number[]) => theta.map((a) => theta.map((b) => sigmoid(a - b)));

describe("tournament", () => {
  it("intransitivity is 0 where one strength explains all preferences", () => {
    fc.assert(fc.property(strengths, (theta) => assert.equal(intransitivity(preferencesOf(theta)), 0)));
  });

  it("intransitivity counts either direction of a cycle", () => {
    const cycle = [
      [0.5, 0.9, 0.1],
      [0.1, 0.5, 0.9],
      [0.9, 0.1, 0.5],
    ];
    const turned = cycle.map((row) => row.map((p) => 1 - p));
    assert.deepEqual([intransitivity(cycle), intransitivity(turned)], [1, 1]);
  });

  it("knockout finds the strongest in any order where preferences are transitive, in N − 1 comparisons", () => {
    fc.assert(
      fc.property(strengths, (theta) => {
        const order = theta.map((_, i) => i);
        for (const each of [order, [...order].reverse()]) {
          const { winner, comparisons } = knockout(preferencesOf(theta), each);
          assert.ok(theta.every((strength) => sigmoid(theta[winner!]! - strength) >= 0.5));
          assert.equal(comparisons, theta.length - 1);
        }
      }),
    );
  });

  it("knockout keeps the champion on a tie, and knows no winner of nobody", () => {
    assert.equal(
      knockout(
        [
          [0.5, 0.5],
          [0.5, 0.5],
        ],
        [1, 0],
      ).winner,
      1,
    );
    assert.deepEqual(knockout([], []), { winner: undefined, comparisons: 0 });
  });
});
