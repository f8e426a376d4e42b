import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { throughMissing } from "../../../src/reward/transforms/through-missing.ts";

describe("throughMissing(scores, transform)", () => {
  it("shows the transform only what is there and keeps every place", () => {
    let seen: number[] = [];
    const result = throughMissing([null, 3, null, 1], (present) => {
      seen = [...present];
      return present.map((x) => x * 2);
    });
    assert.deepEqual(
      [result, seen],
      [
        [null, 6, null, 2],
        [3, 1],
      ],
    );
    assert.deepEqual(
      throughMissing([null], (xs) => xs),
      [null],
    );
  });

  it("refuses a transformed score that is not finite", () => {
    assert.throws(
      () => throughMissing([1], (xs) => xs.map(() => Infinity)),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});
