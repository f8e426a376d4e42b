import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { affine, fitAffine } from "../../../src/reward/calibration/affine.ts";
import { close } from "../../support/vectors.ts";

describe("affine", () => {
  it("fitAffine finds the line that made the ratings", () => {
    const number = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 2 }), number, number, (scores, slope, intercept) => {
        const fitted = fitAffine(
          scores,
          scores.map((x) => slope * x + intercept),
          2,
        );
        assert.ok(close(fitted.slope, slope, 1e-9) && close(fitted.intercept, intercept, 1e-9));
      }),
    );
  });

  it("fitAffine of equal scores is flat and says so", () => {
    assert.deepEqual(fitAffine([2, 2, null], [1, 3, 9], 2), { slope: 0, intercept: 2, degenerate: true, dropped: 1 });
  });

  it("applies slope and intercept", () => {
    const spec = { spaceIn: "logit", spaceOut: "native", revision: "r" } as const;
    assert.equal(affine.create({ slope: 2, intercept: 1 }, spec).apply(3), 7);
  });

  it("params refuse a slope that would lose or turn the order", () => {
    assert.equal(affine.params.safeParse({ slope: 0 }).success, false);
    assert.equal(affine.params.safeParse({ slope: -1 }).success, false);
    assert.deepEqual(affine.params.parse({ slope: 2 }), { slope: 2, intercept: 0 });
  });

  it("gives no bounded space, which an affine map cannot promise", () => {
    assert.deepEqual(affine.gives, ["logit", "native"]);
    assert.equal(affine.spaceOut("logit"), "logit");
    assert.equal(affine.spaceOut("unit"), "native");
  });
});
