import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fitLine } from "../../src/evaluation/line.ts";
import { close } from "../support/vectors.ts";

describe("fitLine", () => {
  it("finds the line that points lie on, wherever they lie", () => {
    const xs = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(xs, fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), (x, slope, offset) => {
        const line = fitLine(
          x,
          x.map((value) => slope * value + offset),
        );
        assert.ok(close(line.slope, slope, 1e-9) && close(line.meanY - line.slope * line.meanX, offset, 1e-6));
      }),
    );
  });

  it("says when there is no direction to measure", () => {
    assert.deepEqual(fitLine([7, 7], [1, 3]), { slope: 0, meanX: 7, meanY: 2, degenerate: true });
  });
});
