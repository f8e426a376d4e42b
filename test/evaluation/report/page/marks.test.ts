import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { spanOf } from "../../../../src/evaluation/report/page/marks.ts";

describe("spanOf", () => {
  it("lies between round numbers", () => {
    assert.deepEqual(spanOf([0.53, 0.71]), { min: 0.5, max: 0.75, interval: 0.05 });
    assert.deepEqual(spanOf([-3, 16]), { min: -5, max: 20, interval: 5 });
  });

  it("holds all values in a few steps, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true })), (values) => {
        const { min, max, interval } = spanOf(values);
        const room = 1e-6 * interval;
        assert.ok(Number.isFinite(min) && Number.isFinite(max) && interval > 0 && max > min);
        assert.ok(values.every((value) => value >= min - room && value <= max + room));
        assert.ok((max - min) / interval < 7, `${(max - min) / interval} steps`);
      }),
    );
  });
});
