import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { affine } from "../../../src/reward/calibration/affine.ts";
import { close, vectors } from "../../support/vectors.ts";

const spec = { spaceIn: "logit", spaceOut: "native", revision: "r" } as const;

describe("affine", () => {
  for (const { case: name, expected } of vectors("calib.affine_fit").filter(({ expected }) => expected.slope > 0)) {
    it(`apply agrees with the worked case: ${name}`, () => {
      const calibration = affine.create({ slope: expected.slope, intercept: expected.intercept }, spec);
      assert.ok(close(calibration.apply(1), expected.predict_at_1));
    });
  }

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
