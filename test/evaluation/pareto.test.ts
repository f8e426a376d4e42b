import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hypervolume, paretoFront } from "../../src/evaluation/pareto.ts";

const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), { minLength: 1, maxLength: 12 });

describe("the Pareto front", () => {
  it("dominates every point outside it and none inside", () => {
    fc.assert(
      fc.property(points, (list) => {
        const front = new Set(paretoFront(list));
        const beats = (i: number, j: number) =>
          list[i]![0] >= list[j]![0] && list[i]![1] >= list[j]![1] && (list[i]![0] > list[j]![0] || list[i]![1] > list[j]![1]);
        for (let j = 0; j < list.length; j++)
          assert.equal(
            [...front].some((i) => beats(i, j)),
            !front.has(j),
          );
      }),
    );
  });

  it("has the hypervolume of the unit squares below it", () => {
    fc.assert(
      fc.property(points, (list) => {
        let squares = 0;
        for (let x = 0; x < 6; x++) for (let y = 0; y < 6; y++) if (list.some(([px, py]) => px > x && py > y)) squares++;
        assert.equal(hypervolume(list, [0, 0]), squares);
      }),
    );
  });

  it("keeps equal points, in more than two objectives as well", () => {
    assert.deepEqual(
      paretoFront([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 2],
      ]),
      [0, 1],
    );
  });
});
