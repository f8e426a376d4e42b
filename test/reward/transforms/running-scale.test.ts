import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { runningScale } from "../../../src/reward/transforms/running-scale.ts";
import { NOTHING_SEEN } from "../../../src/reward/welford.ts";

const batches = fc.array(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});

describe("runningScale(state, scores, ddof)", () => {
  it("keeps scores in the bounds of each scale, whatever came before", () => {
    fc.assert(
      fc.property(batches, (stream) => {
        let state = NOTHING_SEEN;
        for (const batch of stream) {
          const scaled = runningScale(state, batch, 0);
          state = scaled.state;
          assert.ok(scaled.minMax.every((u) => u! >= 0 && u! <= 1));
          assert.ok(scaled.clipped.every((u) => Math.abs(u! - scaled.mean) <= scaled.std + 1e-9));
        }
      }),
    );
  });

  it("keeps missing scores out of the state and in their place", () => {
    const { state, standardised, clipped, minMax } = runningScale(NOTHING_SEEN, [1, null, 3], 0);
    assert.equal(state.n, 2);
    assert.deepEqual(
      [standardised, clipped, minMax],
      [
        [-1, null, 1],
        [1, null, 3],
        [0, null, 1],
      ],
    );
    assert.deepEqual(runningScale(NOTHING_SEEN, [null], 0).state, NOTHING_SEEN);
  });
});
