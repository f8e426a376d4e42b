import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeCorrelations } from "../../src/evaluation/judge-correlation.ts";

describe("judgeCorrelations", () => {
  it("names pairs that say one thing twice and pairs that contradict", () => {
    const pairs = judgeCorrelations(
      [
        [1, 2, 3, 4],
        [2, 4, 6, 8.1],
        [4, 3, 1, 2],
      ],
      0.95,
    );
    assert.deepEqual(
      pairs.map(({ a, b, redundant, contradictory }) => [a, b, redundant, contradictory]),
      [
        [0, 1, true, false],
        [0, 2, false, true],
        [1, 2, false, true],
      ],
    );
  });

  it("says nothing of a judge that is constant where both scored", () => {
    const [pair] = judgeCorrelations(
      [
        [1, 2, null],
        [3, 3, 9],
      ],
      0.95,
    );
    assert.deepEqual(pair, { a: 0, b: 1, correlation: undefined, redundant: false, contradictory: false });
  });
});
