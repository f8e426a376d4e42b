import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bothOrders, fitIsotonic, interpolate, isotonic } from "../../../src/reward/calibration/isotonic.ts";
import { sum } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const spec = { spaceIn: "logit", spaceOut: "probability", revision: "r" } as const;

describe("isotonic", () => {
  const item = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 }));
  const items = fc.array(item, { minLength: 1, maxLength: 25 });

  it("fitIsotonic gives knots that rise in x and never fall in y, and keeps the weighted mean of the labels", () => {
    fc.assert(
      fc.property(items, (list) => {
        const [x, y, w] = [list.map(([a]) => a), list.map(([, b]) => b), list.map(([, , c]) => c)];
        const knots = fitIsotonic(x, y, w);
        for (let k = 1; k < knots.x.length; k++) {
          assert.ok(knots.x[k]! > knots.x[k - 1]! && knots.y[k]! >= knots.y[k - 1]! - 1e-12);
        }
        const fitted = sum(x.map((at, i) => w[i]! * interpolate(knots, at)));
        assert.ok(close(fitted, sum(y.map((label, i) => w[i]! * label)), 1e-9));
      }),
    );
  });

  it("fitIsotonic leaves labels that never fall as they are, and does not depend on the order of the items", () => {
    fc.assert(
      fc.property(items, (list) => {
        const x = list.map(([a]) => a);
        const y = list.map(([, b]) => b);
        const knots = fitIsotonic(x, y);
        assert.deepEqual(fitIsotonic(x.toReversed(), y.toReversed()).x, knots.x);
        const again = fitIsotonic([...knots.x], [...knots.y]);
        for (const [k, at] of knots.x.entries()) assert.ok(close(interpolate(again, at), knots.y[k]!, 1e-9));
      }),
    );
  });

  it("fitIsotonic on both orders of pairs treats the sides alike", () => {
    const pairs = bothOrders([2, 1, 0.5, -0.5, 3], [1, 1, 0, 1, 0]);
    const knots = fitIsotonic(pairs.margins, pairs.labels);
    for (const m of [0, 0.3, 1, 2.5, 7]) assert.ok(close(interpolate(knots, m) + interpolate(knots, -m), 1, 1e-12), `${m}`);
  });

  it("interpolate is constant outside the knots and exact on them", () => {
    const calibration = isotonic.create({ knotsX: [-1, 0, 2], knotsY: [0.1, 0.1, 0.9] }, spec);
    assert.deepEqual([-9, -1, 0, 2, 9].map(calibration.apply), [0.1, 0.1, 0.1, 0.9, 0.9]);
  });

  it("interpolate never falls", () => {
    const steps = fc.array(fc.tuple(fc.double({ min: 0.01, max: 3, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true })), {
      minLength: 1,
      maxLength: 30,
    });
    const pair = fc.tuple(fc.double({ min: -5, max: 95, noNaN: true }), fc.double({ min: -5, max: 95, noNaN: true }));
    fc.assert(
      fc.property(steps, pair, (increments, [a, b]) => {
        let x = 0;
        let y = 0;
        const knots = { x: new Float64Array(increments.length), y: new Float64Array(increments.length) };
        for (const [i, [dx, dy]] of increments.entries()) {
          x += dx;
          y += dy;
          knots.x[i] = x;
          knots.y[i] = y;
        }
        assert.ok(interpolate(knots, Math.min(a, b)) <= interpolate(knots, Math.max(a, b)) + 1e-12);
      }),
    );
  });

  it("problems names knots that are unsorted, falling, unequal in number or outside their space", () => {
    const paths = (knotsX: number[], knotsY: number[]) => isotonic.problems({ knotsX, knotsY }, spec).map(({ path }) => path.join("."));
    assert.deepEqual(paths([0, 1], [0, 1]), []);
    assert.deepEqual(paths([1, 0], [0, 1]), ["knotsX.1"]);
    assert.deepEqual(paths([0, 1], [1, 0]), ["knotsY.1"]);
    assert.deepEqual(paths([0, 1], [0]), ["knotsY"]);
    assert.deepEqual(paths([0, 0], [0, 1]), ["knotsX.1"]);
    assert.deepEqual(paths([-2, -1], [0.5, 0.5]), []);
    const outside = (spaceOut: "probability" | "unit" | "logProbability" | "native", knotsY: number[]) =>
      isotonic.problems({ knotsX: [0, 1], knotsY }, { ...spec, spaceOut }).map(({ path }) => path.join("."));
    for (const space of ["probability", "unit"] as const) {
      assert.deepEqual(outside(space, [0, 1]), []);
      assert.deepEqual([outside(space, [0, 1.5]), outside(space, [-0.5, 1])], [["knotsY.1"], ["knotsY.0"]]);
    }
    assert.deepEqual([outside("logProbability", [-3, 0]), outside("logProbability", [-3, 0.1])], [[], ["knotsY.1"]]);
    assert.deepEqual(outside("native", [-3, 4]), []);
  });
});
