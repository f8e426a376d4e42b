import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sum } from "../../../src/reward/numerics.ts";
import { gatingOf, gatingPosition } from "../../../src/reward/objectives/gating-network.ts";
import { close } from "../../support/vectors.ts";

describe("gatingOf(logits, scale)", () => {
  it("has the total that it is given, follows the order of the logits, and is uniform for equal ones", () => {
    const logits = fc.array(fc.double({ min: -500, max: 500, noNaN: true }), { minLength: 2, maxLength: 19 });
    fc.assert(
      fc.property(logits, fc.double({ min: 0.1, max: 20, noNaN: true }), (xs, temperature) => {
        const gating = gatingOf(Float64Array.from(xs), { temperature, scale: 0.8 });
        assert.ok(close(sum(gating), 0.8, 1e-12));
        for (let k = 1; k < xs.length; k++) if (xs[k]! >= xs[k - 1]!) assert.ok(gating[k]! >= gating[k - 1]!);
      }),
    );
    assert.deepEqual([...gatingOf(Float64Array.of(7, 7, 7, 7), { temperature: 3, scale: 1 })], [0.25, 0.25, 0.25, 0.25]);
  });
});

describe("gatingPosition(ids, pattern)", () => {
  it("finds the last occurrence, also one that overlaps another or ends the text", () => {
    assert.equal(gatingPosition([5, 5, 5], [5, 5]), 1);
    assert.equal(gatingPosition([1, 2, 3], [2, 3]), 1);
    assert.equal(gatingPosition([1, 2], [1, 2]), 0);
  });

  it("gives −1 for an absent pattern and a text shorter than it", () => {
    assert.equal(gatingPosition([1, 2, 3], [3, 2]), -1);
    assert.equal(gatingPosition([1], [1, 2]), -1);
    assert.equal(gatingPosition([], [1]), -1);
  });
});
