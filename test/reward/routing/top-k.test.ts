import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { routeTopK } from "../../../src/reward/routing/top-k.ts";
import { close } from "../../support/vectors.ts";

const logits = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 8 });
const options = { k: 2, temperature: 1, maxEntropy: Infinity };

describe("routeTopK", () => {
  it("gives weights that sum to 1 over the chosen, and an entropy between 0 and ln E", () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 9 }), (xs, k) => {
        const { selected, weights, entropy } = routeTopK(xs, { ...options, k });
        assert.equal(selected.length, Math.min(k, xs.length));
        assert.ok(
          close(
            weights.reduce((a, b) => a + b, 0),
            1,
            1e-12,
          ),
        );
        assert.ok(entropy >= -1e-12 && entropy <= Math.log(xs.length) + 1e-12);
      }),
    );
  });

  it("does not change when all logits shift", () => {
    const shifted = routeTopK([1001, 1003, 1000.5], options);
    for (const [e, p] of routeTopK([1, 3, 0.5], options).probabilities.entries()) assert.ok(close(shifted.probabilities[e]!, p, 1e-12));
  });

  it("takes the lower index among equals", () => {
    assert.deepEqual(routeTopK([1, 2, 2, 2], options).selected, [1, 2]);
  });

  it("leaves the item to the default when a logit is NaN or the entropy passes its limit", () => {
    const lost = routeTopK([1, Number.NaN], options);
    assert.deepEqual([lost.undecided, lost.selected.length], [true, 0]);
    assert.equal(routeTopK([0, 0], { ...options, maxEntropy: 0.69 }).undecided, true);
    assert.equal(routeTopK([0, 0], { ...options, maxEntropy: 0.7 }).undecided, false);
  });

  it("never gives weight to an expert that is excluded by −∞, and knows one expert's weight to be 1", () => {
    assert.deepEqual([...routeTopK([-Infinity, 0], { ...options, k: 1 }).weights], [1]);
    assert.equal(routeTopK([-Infinity, 0], options).entropy, 0);
    assert.deepEqual([...routeTopK([5], options).weights], [1]);
  });
});
