import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { meanMinusStd, meanMinusStdKind, uwo, uwoKind } from "../../../src/reward/aggregation/spread-penalty.ts";
import { close } from "../../support/vectors.ts";

const scores = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 8 }).map((xs) => Float64Array.from(xs));

describe("spread penalties", () => {
  it("never give more than the mean, and the mean where judges agree", () => {
    fc.assert(
      fc.property(scores, (xs) => {
        assert.ok(uwo(xs, { lambda: 0.5, ddof: 0 }).reward <= uwo(xs, { lambda: 0, ddof: 0 }).reward + 1e-9);
        assert.ok(meanMinusStd(xs, { k: 1, ddof: 0 }).reward <= meanMinusStd(xs, { k: 0, ddof: 0 }).reward + 1e-9);
      }),
    );
    assert.equal(uwo(Float64Array.of(2, 2), { lambda: 9, ddof: 1 }).reward, 2);
    assert.equal(meanMinusStd(Float64Array.of(2, 2), { k: 9, ddof: 1 }).reward, 2);
  });

  it("are the mean less λ variances, or k deviations, by either ddof; contributions sum to that, with equal weights that sum to 1", () => {
    const xs = Float64Array.of(1, 2, 6);
    for (const [ddof, variance] of [
      [0, 14 / 3],
      [1, 7],
    ] as const) {
      for (const [found, reward] of [
        [uwo(xs, { lambda: 0.5, ddof }), 3 - 0.5 * variance],
        [meanMinusStd(xs, { k: 2, ddof }), 3 - 2 * Math.sqrt(variance)],
      ] as const) {
        assert.ok(close(found.reward, reward, 1e-12));
        assert.ok(
          close(
            found.contributions.reduce((total, part) => total + part, 0),
            reward,
            1e-12,
          ),
        );
        assert.deepEqual([...found.weights!], [1 / 3, 1 / 3, 1 / 3]);
      }
    }
  });

  it("move with a shift of all scores, and meanMinusStd with their scale too", () => {
    fc.assert(
      fc.property(scores, fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: 0.1, max: 5, noNaN: true }), (xs, shift, scale) => {
        const lower = (ys: Float64Array) => meanMinusStd(ys, { k: 1, ddof: 0 }).reward;
        assert.ok(close(lower(xs.map((x) => scale * x + shift)), scale * lower(xs) + shift, 1e-7));
      }),
    );
  });

  it("charge the members that stand apart, not those that agree", () => {
    const { contributions } = uwo(Float64Array.of(1, 1, 1, 5), { lambda: 0.5, ddof: 0 });
    const charged = contributions.map((part, j) => [1, 1, 1, 5][j]! / 4 - part);
    assert.ok(charged[3]! > 3 * charged[0]!);
  });

  it("of one judge are degenerate with ddof 1 and take nothing off", () => {
    assert.deepEqual(
      [uwo(Float64Array.of(3), { lambda: 1, ddof: 1 }).reward, uwo(Float64Array.of(3), { lambda: 1, ddof: 1 }).degenerate],
      [3, true],
    );
    assert.equal(meanMinusStd(Float64Array.of(3), { k: 1, ddof: 1 }).reward, 3);
  });

  it("leave the bounds of a probability behind", () => {
    assert.equal(uwoKind.spaceOut("probability", []), "native");
    assert.equal(meanMinusStdKind.spaceOut("logit", []), "logit");
  });

  it("refuse a negative penalty and another ddof than 0 or 1", () => {
    assert.equal(uwoKind.params.safeParse({ lambda: -1 }).success, false);
    assert.equal(uwoKind.params.safeParse({ ddof: 2 }).success, false);
    assert.deepEqual(uwoKind.params.parse({}), { lambda: 0.5, ddof: 0 });
  });
});
