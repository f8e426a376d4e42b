import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import {
  centreGroup,
  leaveOneOut,
  lengthWeightedBaseline,
  standardiseGroup,
  standardiseOverBatch,
} from "../../../src/reward/group/advantages.ts";
import { GROUP_CONVENTIONS, type GroupConvention } from "../../../src/reward/group/conventions.ts";
import { sum } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const { trl, verl, gdpo } = GROUP_CONVENTIONS;
const reward = fc.integer({ min: -20, max: 20 }).map((x) => x / 4);
const group = fc.array(fc.option(reward, { freq: 4 }), { minLength: 1, maxLength: 12 });
const ESTIMATORS = {
  standardiseGroup: (r: readonly (number | null)[]) => standardiseGroup(r, trl),
  centreGroup: (r: readonly (number | null)[]) => centreGroup(r, "ignore"),
  standardiseOverBatch: (r: readonly (number | null)[]) => standardiseOverBatch([r, [0, 1]], trl)[0]!,
  leaveOneOut,
  lengthWeightedBaseline: (r: readonly (number | null)[]) =>
    lengthWeightedBaseline(
      r,
      r.map(() => 5),
    ),
};

describe("advantages of a group", () => {
  for (const [name, estimate] of Object.entries(ESTIMATORS)) {
    it(`${name}: sums to 0, follows a permutation, ignores a shift, masks what is missing`, () => {
      fc.assert(
        fc.property(group, (r) => {
          const { advantages, masked, zeroStd } = estimate(r);
          assert.ok(Math.abs(sum(advantages)) < 1e-9);
          for (const [i, value] of r.entries()) {
            assert.equal(masked[i], value === null);
            if (value === null) assert.equal(advantages[i], 0);
          }
          const there = r.filter((value) => value !== null);
          assert.equal(zeroStd, there.length > 0 && new Set(there).size === 1);
          if (zeroStd) assert.ok(advantages.every((a) => a === 0));
          const reversed = estimate(r.toReversed()).advantages.toReversed();
          assert.ok(reversed.every((a, i) => close(a, advantages[i]!, 1e-12)));
          // The spread of a batch is that of the other groups as well.
          if (name === "standardiseOverBatch") return;
          const shifted = estimate(r.map((value) => (value === null ? null : value + 3))).advantages;
          assert.ok(shifted.every((a, i) => close(a, advantages[i]!, 1e-9)));
        }),
      );
    });
  }

  it("are exactly 0 for equal rewards whose mean is rounded", () => {
    for (const estimate of Object.values(ESTIMATORS)) assert.deepEqual([...estimate([0.1, 0.1, 0.1]).advantages], [0, 0, 0]);
  });

  it("standardiseGroup of one candidate is 0 or its reward, by the convention", () => {
    assert.deepEqual([...standardiseGroup([0.8], trl).advantages], [0]);
    assert.deepEqual([...standardiseGroup([0.8, null], verl).advantages], [0.8, 0]);
  });

  it("standardiseGroup takes a missing reward for 0 where the convention does, which moves everyone's mean", () => {
    const { advantages, masked } = standardiseGroup([1, null], gdpo);
    assert.deepEqual(masked, [false, false]);
    assert.ok(advantages[0]! > 0 && advantages[1] === -advantages[0]!);
    assert.deepEqual([...standardiseGroup([1, null, 1], trl).advantages], [0, 0, 0]);
  });

  it("standardiseGroup adds epsilon where the convention says", () => {
    const of = (more: Partial<GroupConvention>) => standardiseGroup([0, 2], { ...trl, ddof: 0, epsilon: 1, ...more }).advantages[1]!;
    assert.equal(of({ epsilonIn: "std" }), 1 / 2);
    assert.ok(close(of({ epsilonIn: "variance" }), 1 / Math.SQRT2, 1e-12));
  });

  it("of groups in which no candidate has a reward are 0 and no sign of an easy prompt", () => {
    for (const estimate of Object.values(ESTIMATORS)) {
      const { advantages, zeroStd } = estimate([null, null]);
      assert.deepEqual([[...advantages], zeroStd], [[0, 0], false]);
    }
  });

  it("lengthWeightedBaseline without any length falls back to the mean", () => {
    assert.deepEqual([...lengthWeightedBaseline([1, 0], [0, 0]).advantages], [0.5, -0.5]);
  });

  it("refuse rewards that are not finite", () => {
    for (const estimate of Object.values(ESTIMATORS)) {
      assert.throws(
        () => estimate([1, Number.NaN]),
        (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
      );
    }
  });
});
