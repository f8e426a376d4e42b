import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Box, boxIou, meanBoxIou, readBoxes } from "../../../src/judges/rules/boxes.ts";

const box = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .map(([x, y, width, height]): Box => [x, y, x + width, y + height]);

describe("readBoxes(text)", () => {
  it("reads every box, with its corners in order", () => {
    assert.deepEqual(readBoxes('{"a": [3, 4.5, 1, -2]} and [0,0,1,1]'), [
      [1, -2, 3, 4.5],
      [0, 0, 1, 1],
    ]);
  });
  it("reads none in a list of three, and none in more than 50", () => {
    assert.equal(readBoxes("[1, 2, 3]"), null);
    assert.equal(readBoxes("[0,0,1,1]".repeat(51)), null);
  });
});

describe("meanBoxIou(predictions, golds)", () => {
  it("is the best of all assignments", () => {
    fc.assert(
      fc.property(fc.array(box, { maxLength: 5 }), fc.array(box, { maxLength: 5 }), (predictions, golds) => {
        const size = Math.max(predictions.length, golds.length);
        const best = size === 0 ? 1 : bestOf(predictions, golds) / size;
        assert.ok(Math.abs(meanBoxIou(predictions, golds) - best) < 1e-9);
      }),
    );
  });

  it("is 1 for the same boxes in another order, and 0 when one side has none", () => {
    const boxes: Box[] = [
      [0, 0, 1, 1],
      [4, 4, 9, 9],
      [2, 0, 3, 5],
    ];
    assert.equal(meanBoxIou(boxes, [...boxes].reverse()), 1);
    assert.equal(meanBoxIou([], boxes), 0);
  });
});

/** Largest total IoU, by trying everything. */
function bestOf([first, ...others]: readonly Box[], golds: readonly Box[]): number {
  if (first === undefined) return 0;
  const without = bestOf(others, golds);
  return Math.max(without, ...golds.map((gold, i) => boxIou(first, gold) + bestOf(others, golds.toSpliced(i, 1))));
}
