import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { sum } from "../../../src/reward/numerics.ts";
import { centredRanks, minMax, minMaxScale, rank, rankScale } from "../../../src/reward/transforms/group-scale.ts";

const group = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 16 }).map((xs) => Float64Array.from(xs));

describe("scales of a group", () => {
  it("minMaxScale does not change under a positive affine map and puts least and greatest at 0 and 1", () => {
    fc.assert(
      fc.property(group, (xs) => {
        const { scores, degenerate } = minMaxScale(xs);
        assert.equal(degenerate, new Set(xs).size === 1);
        if (degenerate) return assert.ok(scores.every((u) => u === 0.5));
        assert.deepEqual([Math.min(...scores), Math.max(...scores)], [0, 1]);
        const mapped = minMaxScale(xs.map((x) => 4 * x - 8)).scores;
        assert.deepEqual(mapped, scores);
      }),
    );
  });

  it("minMaxScale of a range wider than the greatest double", () => {
    assert.deepEqual([...minMaxScale(Float64Array.of(-1.7e308, 0, 1.7e308)).scores], [0, 0.5, 1]);
  });

  it("rankScale depends on order alone, and centredRanks sum to 0", () => {
    fc.assert(
      fc.property(group, (xs) => {
        assert.deepEqual(rankScale(xs.map((x) => Math.exp(x))), rankScale(xs));
        assert.ok(rankScale(xs).every((u) => u >= 0 && u <= 1));
        assert.ok(Math.abs(sum(centredRanks(xs))) < 1e-12);
      }),
    );
  });

  it("follow a permutation of the candidates", () => {
    fc.assert(
      fc.property(group, (xs) => {
        for (const scale of [rankScale, centredRanks, (ys: Float64Array) => minMaxScale(ys).scores]) {
          assert.deepEqual(scale(xs.toReversed()), scale(xs).toReversed());
        }
      }),
    );
  });

  it("of one candidate is the middle, of none nothing", () => {
    assert.deepEqual([rankScale(Float64Array.of(9))[0], centredRanks(Float64Array.of(9))[0]], [0.5, 0]);
    assert.deepEqual([rankScale(Float64Array.of()).length, minMaxScale(Float64Array.of()).scores.length], [0, 0]);
  });

  it("minMax and rank take any space", () => {
    const spec = { spaceIn: "probability", revision: "r", judge: "j" } as const;
    const scores = Float64Array.of(0.2, 0.9, 0.4);
    const centred = rank.create({ centred: true }, spec);
    assert.deepEqual([...centred.apply(scores, {})], [-1, 1, 0]);
    assert.deepEqual([...rank.create(rank.params.parse({}), spec).apply(scores, {})], [0, 1, 0.5]);
    assert.deepEqual([centred.spaceOut, minMax.create({}, spec).spaceOut], ["rank", "unit"]);
  });
});
