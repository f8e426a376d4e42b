import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { interpolate, isotonic } from "../../../src/reward/calibration/isotonic.ts";
import { close, vectors } from "../../support/vectors.ts";

const spec = { spaceIn: "logit", spaceOut: "probability", revision: "r" } as const;

describe("isotonic", () => {
  for (const { case: name, expected } of vectors("calib.isotonic_fit")) {
    it(`interpolate agrees with the worked case: ${name}`, () => {
      const knots = { x: Float64Array.from(expected.knots_x), y: Float64Array.from(expected.knots_y) };
      for (const [i, x] of expected.predict_at.entries()) assert.ok(close(interpolate(knots, x), expected.predict[i]), `at ${x}`);
    });
  }

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
    assert.deepEqual(paths([0, 1], [0, 1.5]), ["knotsY.1"]);
  });
});
