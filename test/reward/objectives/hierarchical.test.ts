import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { sum } from "../../../src/reward/numerics.ts";
import { hierarchicalSum, requirePartition } from "../../../src/reward/objectives/hierarchical.ts";
import { close } from "../../support/vectors.ts";

const ASPECTS = [[0, 3], [1], [4, 2]];
const logits = (length: number) => fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: length, maxLength: length });

describe("hierarchicalSum(criteria, logits, options)", () => {
  it("stays between the least and the greatest criterion, and its weights sum to 1 on each level", () => {
    fc.assert(
      fc.property(logits(5), logits(5), logits(3), (r, criteria, aspects) => {
        const result = hierarchicalSum(
          Float64Array.from(r),
          { aspects: Float64Array.from(aspects), criteria: Float64Array.from(criteria) },
          { aspects: ASPECTS, temperature: 1 },
        );
        assert.ok(result.value >= Math.min(...r) - 1e-9 && result.value <= Math.max(...r) + 1e-9);
        for (const weights of [...result.criteriaWeights, result.aspectWeights]) assert.ok(close(sum(weights), 1, 1e-12));
      }),
    );
  });

  it("refuses a criterion that is not finite", () => {
    const zero = { aspects: Float64Array.of(0), criteria: Float64Array.of(0) };
    assert.throws(
      () => hierarchicalSum(Float64Array.of(Infinity), zero, { aspects: [[0]], temperature: 1 }),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});

describe("requirePartition(aspects, count)", () => {
  it("takes a partition and refuses a gap, a double, a stranger and an empty aspect", () => {
    requirePartition(ASPECTS, 5);
    for (const aspects of [
      [[0, 1]],
      [
        [0, 1],
        [1, 2],
      ],
      [[0, 1], [3]],
      [[0, 1, 2], []],
    ]) {
      assert.throws(
        () => requirePartition(aspects, 3),
        (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID",
      );
    }
  });
});
