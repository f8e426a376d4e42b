import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { exemplarSimilarity } from "../../../src/judges/rules/exemplars.ts";

describe("exemplarSimilarity(item, exemplars)", () => {
  it("is 0 where exemplars cancel out or the item is zero", () => {
    assert.equal(
      exemplarSimilarity(
        [1, 0],
        [
          [1, 0],
          [-1, 0],
        ],
      ).toCentroid,
      0,
    );
    assert.equal(exemplarSimilarity([0, 0], [[1, 0]]).meanCosine, 0);
  });

  it("refuses vectors of another model", () => {
    assert.throws(
      () => exemplarSimilarity([1, 0], [[1, 0, 0]]),
      (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
    );
  });
});
