import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { bestOfN, bestOfNKl, pickCredit, selectBest } from "../../src/evaluation/best-of-n.ts";
import { close } from "../support/vectors.ts";

const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: -9, max: 9 })), { minLength: 1, maxLength: 7 });
const groupOf = (rows: readonly (readonly [number, number])[]) => ({
  proxy: rows.map(([proxy]) => proxy),
  gold: rows.map(([, gold]) => gold),
});

/** Mean gold of the best by proxy over every choice of n, ties by their mean: the definition, in exponential time. */
function byEnumeration(rows: readonly (readonly [number, number])[], n: number): number {
  const picks: number[] = [];
  for (let subset = 0; subset < 2 ** rows.length; subset++) {
    const chosen = rows.filter((_, i) => (subset >> i) & 1);
    if (chosen.length !== n) continue;
    const top = Math.max(...chosen.map(([proxy]) => proxy));
    // Among equals of the whole set any may be picked, so each subset's pick is the mean over all of that proxy.
    const equals = rows.filter(([proxy]) => proxy === top);
    picks.push(equals.reduce((total, [, gold]) => total + gold, 0) / equals.length);
  }
  return picks.reduce((a, b) => a + b) / picks.length;
}

describe("best of n", () => {
  it("bestOfN is the mean over every choice of n samples", () => {
    fc.assert(
      fc.property(samples, fc.nat(6), (rows, extra) => {
        const n = 1 + (extra % rows.length);
        assert.ok(close(bestOfN(groupOf(rows), n).gold, byEnumeration(rows, n), 1e-9));
      }),
    );
  });

  it("bestOfN does not depend on the order of the samples, ties or not", () => {
    fc.assert(
      fc.property(samples, (rows) => {
        const forwards = bestOfN(groupOf(rows), 1 + (rows.length >> 1));
        const backwards = bestOfN(groupOf([...rows].reverse()), 1 + (rows.length >> 1));
        assert.ok(close(forwards.gold, backwards.gold, 1e-12) && close(forwards.proxy, backwards.proxy, 1e-12));
      }),
    );
  });

  it("bestOfN of the proxy never falls with n, and stays finite for thousands of samples", () => {
    const proxy = Array.from({ length: 5000 }, (_, i) => Math.sin(i));
    let last = -Infinity;
    for (const n of [1, 2, 16, 256, 4096, 5000]) {
      const value = bestOfN({ proxy, gold: proxy }, n).proxy;
      assert.ok(value >= last - 1e-12 && value <= 1);
      last = value;
    }
    assert.equal(last, Math.max(...proxy));
  });

  it("bestOfNKl is 0 for one sample and grows slower than ln n", () => {
    assert.equal(bestOfNKl(1), 0);
    assert.ok(bestOfNKl(64) < Math.log(64) && bestOfNKl(64) > bestOfNKl(32));
  });

  it("selectBest of a judge that is right is the oracle, and of one that is wrong costs regret", () => {
    const right = selectBest([{ proxy: [1, 2], gold: [0, 5] }]);
    assert.deepEqual([right.picked, right.regret, right.recovery], [5, 0, 1]);
    const wrong = selectBest([{ proxy: [2, 1], gold: [0, 5] }]);
    assert.deepEqual([wrong.regret, wrong.recovery], [5, -1]);
    assert.equal(selectBest([{ proxy: [1, 2], gold: [3, 3] }]).recovery, undefined);
  });

  it("pickCredit shares the credit among those at the top", () => {
    assert.equal(pickCredit([1, 1, 1, 1], 2), 0.25);
    assert.equal(pickCredit([1, 2], 0), 0);
  });

  it("refuses NaN", () => {
    for (const call of [
      () => pickCredit([Number.NaN], 0),
      () => selectBest([{ proxy: [1], gold: [Number.NaN] }]),
      () => bestOfN({ proxy: [Number.NaN], gold: [1] }, 1),
    ]) {
      assert.throws(call, (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE");
    }
  });
});
