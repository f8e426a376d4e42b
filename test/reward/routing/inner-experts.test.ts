import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { innerReward } from "../../../src/reward/routing/inner-experts.ts";

const head = { hiddenWeights: [[1, 2]], hiddenBias: [0], outputWeights: [3], outputBias: 1, slope: 0.25 };

describe("innerReward", () => {
  it("joins the experts in the order given", () => {
    assert.equal(innerReward([[1], [2]], head).reward, 16);
    assert.equal(innerReward([[2], [1]], head).reward, 13);
  });

  it("keeps a quarter of a negative unit", () => {
    const { hidden, reward } = innerReward([[-4], [0]], head);
    assert.deepEqual([hidden[0], reward], [-1, -2]);
  });

  it("refuses to go on without one of the experts", () => {
    for (const hidden of [[[1]], [[1], [Number.NaN]], [[1], [2], [3]]]) {
      assert.throws(
        () => innerReward(hidden, head),
        (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
      );
    }
  });
});
