import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { averageOrders, marginPairs, winRates } from "../../../src/reward/pairwise/win-rates.ts";
import { close } from "../../support/vectors.ts";

describe("averageOrders", () => {
  it("makes both orders of a pair agree and tells how far they did not", () => {
    const { preferences, maxAsymmetry } = averageOrders([
      [0.5, 0.9],
      [0.3, 0.5],
    ]);
    assert.ok(close(preferences[0]![1]!, 0.8, 1e-12) && close(preferences[1]![0]!, 0.2, 1e-12));
    assert.ok(close(maxAsymmetry, 0.2, 1e-12));
  });

  it("takes the order that is known, and leaves a pair that was not compared", () => {
    const { preferences } = averageOrders([
      [null, 0.75, null],
      [null, null, null],
      [null, null, null],
    ]);
    assert.deepEqual(preferences, [
      [0.5, 0.75, null],
      [0.25, 0.5, null],
      [null, null, 0.5],
    ]);
  });
});

describe("winRates", () => {
  it("sum to N/2 over a group in which both orders agree", () => {
    const matrix = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }), {
      minLength: 5,
      maxLength: 5,
    });
    fc.assert(
      fc.property(matrix, (raw) => {
        const { rates } = winRates(averageOrders(raw).preferences);
        assert.ok(
          close(
            rates.reduce((a, b) => a + b),
            2.5,
            1e-9,
          ),
        );
      }),
    );
  });

  it("skip what was not compared and tell the coverage", () => {
    const { rates, coverage } = winRates([
      [0.5, 0.75, null],
      [0.25, 0.5, null],
      [null, null, 0.5],
    ]);
    assert.deepEqual([...rates], [0.75, 0.25, 0.5]);
    assert.deepEqual([...coverage], [0.5, 0.5, 0]);
  });

  it("of one candidate is ½", () => {
    assert.deepEqual([...winRates([[0.5]]).rates], [0.5]);
  });
});

describe("marginPairs", () => {
  it("gives the widest pairs first, and the lower indices among equals", () => {
    const pairs = marginPairs([0.5, 1, 0.5, 0], 0.5);
    assert.deepEqual(
      pairs.map(({ chosen, rejected }) => [chosen, rejected]),
      [
        [1, 3],
        [0, 3],
        [1, 0],
        [1, 2],
        [2, 3],
      ],
    );
  });

  it("never pairs a candidate with itself, even at margin 0", () => {
    assert.equal(marginPairs([0.5], 0).length, 0);
  });
});
