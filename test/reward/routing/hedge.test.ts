import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { hedge } from "../../../src/reward/routing/hedge.ts";
import { close } from "../../support/vectors.ts";

const losses = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 3, maxLength: 3 });

describe("hedge", () => {
  it("keeps a distribution, and moves it to the head with the least loss", () => {
    fc.assert(
      fc.property(losses, (loss) => {
        const after = hedge([0.2, 0.3, 0.5], loss, 1);
        assert.ok(
          close(
            after.reduce((a, b) => a + b),
            1,
            1e-12,
          ),
        );
        const best = loss.indexOf(Math.min(...loss));
        assert.ok(after[best]! >= [0.2, 0.3, 0.5][best]! - 1e-12);
      }),
    );
  });

  it("in two rounds does what one round of the summed losses does", () => {
    const twice = hedge(hedge([0.5, 0.5], [1, 2], 0.7), [3, 0.5], 0.7);
    for (const [c, weight] of hedge([0.5, 0.5], [4, 2.5], 0.7).entries()) assert.ok(close(twice[c]!, weight, 1e-12));
  });

  it("survives losses whose exponentials all underflow", () => {
    for (const weight of hedge([0.5, 0.5], [5000, 5000], 1)) assert.ok(close(weight, 0.5, 1e-9));
  });

  it("with rate 0 keeps the weights, and a head without a loss its place", () => {
    assert.deepEqual(
      [...hedge([0.25, 0.75], [9, 1], 0)].map((w) => Math.round(w * 1e12) / 1e12),
      [0.25, 0.75],
    );
    assert.deepEqual([...hedge([0.5, 0.5], [null, null], 1)], [0.5, 0.5]);
    assert.equal(hedge([0, 1], [0, 5], 1)[0], 0);
  });

  it("refuses a loss that is NaN", () => {
    assert.throws(
      () => hedge([1], [Number.NaN], 1),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
