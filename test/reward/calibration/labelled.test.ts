import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { labelledItems, meanLogLoss, requireShares } from "../../../src/reward/calibration/labelled.ts";

describe("labelled items", () => {
  it("labelledItems keeps the items that have both, in order", () => {
    const { x, y, dropped } = labelledItems([1, null, 3, 4], [0, 1, null, 1], 1);
    assert.deepEqual([[...x], [...y], dropped], [[1, 4], [0, 1], 2]);
  });

  it("labelledItems refuses too few, and always refuses none", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID";
    assert.throws(() => labelledItems([1, 2], [1, 0], 3), refused);
    assert.throws(() => labelledItems([null], [1], 0), refused);
    for (const wrong of [-0.1, 1.1]) assert.throws(() => requireShares(Float64Array.of(0.5, wrong)), refused);
    requireShares(Float64Array.of(0, 0.5, 1));
  });

  it("meanLogLoss stays finite for logits whose probability is 0", () => {
    assert.equal(meanLogLoss([-1000], [1]), 1000);
    assert.equal(meanLogLoss([1000], [1]), 0);
  });
});
