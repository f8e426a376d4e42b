import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sufficientlyCompared } from "../../../src/reward/pairwise/coverage.ts";

describe("sufficientlyCompared", () => {
  const without = (n: number, missing: readonly (readonly [number, number])[]) =>
    Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => (missing.some(([a, b]) => (a === i && b === j) || (a === j && b === i)) ? null : 0.5)),
    );

  it("keeps everybody where nothing is missing, and leaves out who is missing most", () => {
    assert.deepEqual(sufficientlyCompared(without(3, []), 1), [0, 1, 2]);
    assert.deepEqual(
      sufficientlyCompared(
        without(4, [
          [1, 0],
          [1, 2],
          [1, 3],
        ]),
        1,
      ),
      [0, 2, 3],
    );
  });

  it("leaves out both where one is as much at fault as the other, and everybody rather than one alone", () => {
    assert.deepEqual(sufficientlyCompared(without(4, [[0, 1]]), 1), [2, 3]);
    assert.deepEqual(sufficientlyCompared(without(3, [[0, 1]]), 1), []);
    assert.deepEqual(sufficientlyCompared(without(1, []), 1), []);
    assert.deepEqual(
      sufficientlyCompared(
        without(3, [
          [0, 1],
          [0, 2],
          [1, 2],
        ]),
        0.1,
      ),
      [],
    );
  });

  it("is content with a share, of those who are left", () => {
    assert.deepEqual(sufficientlyCompared(without(4, [[0, 1]]), 2 / 3), [0, 1, 2, 3]);
    assert.deepEqual(
      sufficientlyCompared(
        without(4, [
          [1, 0],
          [1, 2],
          [1, 3],
        ]),
        2 / 3,
      ),
      [0, 2, 3],
    );
  });
});
