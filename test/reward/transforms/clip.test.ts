import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { clip, clipTo } from "../../../src/reward/transforms/clip.ts";

describe("clip", () => {
  it("clipTo stays within its bounds, keeps order, and changes nothing a second time", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -100, max: 100, noNaN: true })), (xs) => {
        const bounds = { lo: -5, hi: 7 };
        const once = clipTo(Float64Array.from(xs).sort(), bounds);
        assert.ok(once.every((u, i) => u >= -5 && u <= 7 && (i === 0 || u >= once[i - 1]!)));
        assert.deepEqual(clipTo(once, bounds), once);
      }),
    );
  });

  it("keeps the space, and refuses bounds that leave nothing", () => {
    assert.equal(clip.create({ lo: -1, hi: 1 }, { spaceIn: "logit", revision: "r", judge: "j" }).spaceOut, "logit");
    assert.equal(clip.problems({ lo: 0, hi: 0 }).length, 1);
    assert.equal(clip.problems({ lo: -10, hi: 10 }).length, 0);
  });
});
