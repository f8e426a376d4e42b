import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { moments } from "../../src/reward/moments.ts";
import { close } from "../support/vectors.ts";

describe("moments", () => {
  it("divides by n − ddof", () => {
    assert.equal(moments([1, 2, 3, 4], 0).variance, 1.25);
    assert.ok(close(moments([1, 2, 3, 4], 1).variance, 5 / 3, 1e-15));
  });

  it("says that a spread of too few numbers is a convention", () => {
    assert.deepEqual(moments([7], 1), { mean: 7, variance: 0, std: 0, degenerate: true });
    assert.deepEqual(moments([7], 0), { mean: 7, variance: 0, std: 0, degenerate: false });
    assert.equal(moments([7, 7], 1).degenerate, false);
  });

  it("keeps the spread of numbers that lie far from 0", () => {
    assert.equal(moments([1e9 + 1, 1e9 + 2, 1e9 + 3], 1).variance, 1);
  });

  it("moves with a shift and does not widen", () => {
    const numbers = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.double({ min: -100, max: 100, noNaN: true }), (xs, shift) => {
        const before = moments(xs, 1);
        const after = moments(
          xs.map((x) => x + shift),
          1,
        );
        assert.ok(close(after.mean, before.mean + shift, 1e-12) && close(after.std, before.std, 1e-9));
      }),
    );
  });
});
