import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { moments } from "../../src/reward/moments.ts";
import { addBatch, mergeMoments, momentsOf, NOTHING_SEEN } from "../../src/reward/welford.ts";
import { close } from "../support/vectors.ts";

const batch = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { maxLength: 20 });

describe("running moments", () => {
  it("are those of all numbers at once, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), fc.constantFrom(0, 1), (batches, ddof) => {
        const state = batches.reduce(addBatch, NOTHING_SEEN);
        const all = batches.flat();
        assert.equal(state.n, all.length);
        if (all.length === 0) return;
        const once = moments(all, ddof);
        const running = momentsOf(state, ddof);
        assert.ok(close(running.mean, once.mean, 1e-9) && close(running.variance, once.variance, 1e-9));
        assert.deepEqual([state.min, state.max, running.degenerate], [Math.min(...all), Math.max(...all), once.degenerate]);
      }),
    );
  });

  it("mergeMoments does not depend on which side comes first", () => {
    fc.assert(
      fc.property(batch, batch, (a, b) => {
        const [x, y] = [addBatch(NOTHING_SEEN, a), addBatch(NOTHING_SEEN, b)];
        const [there, back] = [mergeMoments(x, y), mergeMoments(y, x)];
        assert.ok(close(there.mean, back.mean, 1e-9) && close(there.squares, back.squares, 1e-9));
      }),
    );
  });

  it("keep a small spread on top of a large mean", () => {
    const offset = 1e9;
    const state = [4, 7, 13, 16].reduce((before, x) => addBatch(before, [offset + x]), NOTHING_SEEN);
    assert.equal(momentsOf(state, 1).variance, 30);
  });

  it("of nothing have no mean and no spread", () => {
    const { mean, std, degenerate } = momentsOf(NOTHING_SEEN, 0);
    assert.ok(Number.isNaN(mean) && std === 0 && degenerate);
    assert.equal(addBatch(NOTHING_SEEN, []), NOTHING_SEEN);
  });
});
