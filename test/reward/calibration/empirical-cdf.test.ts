import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  cdf,
  empiricalCdf,
  mapQuantile,
  normalScore,
  normalScoreOf,
  quantileMap,
  referenceSet,
} from "../../../src/reward/calibration/empirical-cdf.ts";

const score = fc.integer({ min: -30, max: 30 });
const reference = fc.array(score, { minLength: 1, maxLength: 20 });

describe("the rank in a reference set", () => {
  it("never falls as the score rises, stays inside (0, 1) and maps into the other set", () => {
    fc.assert(
      fc.property(reference, reference, score, score, (from, to, a, b) => {
        const [source, target] = [referenceSet(from), referenceSet(to)];
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        for (const map of [empiricalCdf, normalScoreOf]) assert.ok(map(source, low) <= map(source, high));
        const u = empiricalCdf(source, a);
        assert.ok(u >= 1 / (2 * from.length) && u <= 1 - 1 / (2 * from.length));
        const y = mapQuantile(source, target, a);
        assert.ok(y >= Math.min(...to) && y <= Math.max(...to) && mapQuantile(source, target, low) <= mapQuantile(source, target, high));
      }),
    );
  });

  it("does not change under a monotone map of scores and reference", () => {
    const map = (x: number) => Math.exp(x / 10);
    fc.assert(
      fc.property(reference, score, (from, x) => {
        assert.equal(empiricalCdf(referenceSet(from.map(map)), map(x)), empiricalCdf(referenceSet(from), x));
      }),
    );
  });

  it("agrees with counting", () => {
    fc.assert(
      fc.property(reference, score, (from, x) => {
        fc.pre(new Set(from).size > 1);
        const n = from.length;
        const counted = (from.filter((r) => r < x).length + from.filter((r) => r === x).length / 2) / n;
        assert.equal(empiricalCdf(referenceSet(from), x), Math.min(1 - 1 / (2 * n), Math.max(1 / (2 * n), counted)));
      }),
    );
  });

  it("in a set without spread is a half, whatever the score", () => {
    for (const x of [1, 2, 3]) assert.equal(empiricalCdf(referenceSet([2, 2, 2]), x), 0.5);
  });
});

describe("cdf, normalScore and quantileMap", () => {
  const spec = (spaceOut: "unit" | "probability" | "logProbability" | "native" | "logit") =>
    ({ spaceIn: "logit", spaceOut, revision: "r" }) as const;

  it("apply to one score", () => {
    assert.equal(cdf.create({ reference: [4, 1, 3, 2] }, spec("unit")).apply(2.5), 0.5);
    assert.equal(normalScore.create({ reference: [4, 1, 3, 2] }, spec("native")).apply(2.5), 0);
    assert.equal(quantileMap.create({ from: [1, 2, 3], to: [30, 10, 20] }, spec("logit")).apply(2), 20);
  });

  it("problems refuse references without spread and scores that are none of their space", () => {
    for (const kind of [cdf, normalScore]) {
      assert.equal(kind.problems({ reference: [1, 1] }, spec("unit")).length, 1);
      assert.equal(kind.problems({ reference: [1, 2] }, spec("unit")).length, 0);
    }
    const paths = (space: Parameters<typeof spec>[0], to: number[]) =>
      quantileMap.problems({ from: [1, 2], to }, spec(space)).map(({ path }) => path.join("."));
    for (const space of ["unit", "probability"] as const) {
      assert.deepEqual([paths(space, [0, 1]), paths(space, [0, 2]), paths(space, [-1, 1])], [[], ["to.1"], ["to.0"]]);
    }
    assert.deepEqual([paths("logProbability", [-3, 0]), paths("logProbability", [-3, 1])], [[], ["to.1"]]);
    assert.deepEqual(paths("logit", [-3, 4]), []);
    assert.equal(quantileMap.problems({ from: [1, 1], to: [0, 1] }, spec("unit")).length, 1);
    assert.deepEqual([paths("unit", [1, 1]), paths("unit", [2, 2])], [["to"], ["to", "to.0"]]);
  });
});
