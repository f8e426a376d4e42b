import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { zscore, zscoreOf } from "../../../src/reward/calibration/zscore.ts";
import { moments } from "../../../src/reward/moments.ts";
import { close } from "../../support/vectors.ts";

const scores = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 20 });

describe("zscore", () => {
  it("makes of the reference itself a mean of 0 and a deviation of 1", () => {
    fc.assert(
      fc.property(scores, (reference) => {
        const spread = moments(reference, 0);
        fc.pre(spread.std > 1e-3);
        const again = moments(
          reference.map((x) => zscoreOf(x, spread, 1e-6)),
          0,
        );
        assert.ok(Math.abs(again.mean) < 1e-9 && close(again.std, 1, 1e-9));
      }),
    );
  });

  it("is 0 everywhere where the reference has no spread, and such a reference is refused when it is configured", () => {
    assert.equal(zscoreOf(9, moments([2, 2], 0), 1e-6), 0);
    const spec = { spaceIn: "logit", spaceOut: "native", revision: "r" } as const;
    const params = zscore.params.parse({ reference: [2, 2] });
    assert.deepEqual(params, { reference: [2, 2], ddof: 0, minStd: 1e-6 });
    assert.equal(zscore.problems(params, spec).length, 1);
    assert.equal(zscore.create(zscore.params.parse({ reference: [1, 3] }), spec).apply(5), 3);
  });
});
