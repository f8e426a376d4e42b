import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PlacedVerdict, positionAccuracy } from "../../src/evaluation/position-accuracy.ts";

const rows: PlacedVerdict[] = [
  { chosen: "a", verdict: "a" },
  { chosen: "a", verdict: "tie" },
  { chosen: "b", verdict: "a" },
  { chosen: "b", verdict: "b" },
];

describe("positionAccuracy", () => {
  it("tells the slots apart, with the stated credit for a tie", () => {
    assert.deepEqual(positionAccuracy(rows, 0), { chosenFirst: 0.5, chosenSecond: 0.5, accuracy: 0.5, gap: 0, firstRate: 0.625 });
    assert.equal(positionAccuracy(rows, 1).chosenFirst, 1);
  });

  it("turns its gap around with the slots", () => {
    const other = { a: "b", b: "a", tie: "tie" } as const;
    const turned = rows.map(({ chosen, verdict }) => ({ chosen: other[chosen] as "a" | "b", verdict: other[verdict] }));
    const [before, after] = [positionAccuracy(rows, 0.5), positionAccuracy(turned, 0.5)];
    assert.equal(after.gap, -before.gap!);
    assert.equal(after.accuracy, before.accuracy);
  });

  it("has no number for a slot that was never right", () => {
    const { chosenSecond, gap, accuracy } = positionAccuracy(rows.slice(0, 1), 0.5);
    assert.deepEqual([chosenSecond, gap, accuracy], [undefined, undefined, 1]);
    assert.equal(positionAccuracy([], 0.5).firstRate, undefined);
  });
});
