import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { disagreement } from "../../../src/reward/aggregation/disagreement.ts";

describe("disagreement", () => {
  it("of one judge is 0 and degenerate", () => {
    const { std, meanStd, pairConflictRate, degenerate } = disagreement([[1, 2]], 0);
    assert.deepEqual([...std, meanStd, pairConflictRate, degenerate], [0, 0, 0, 0, true]);
  });

  it("takes a tie for no opinion, so that it neither conflicts nor counts", () => {
    assert.equal(
      disagreement(
        [
          [1, 1],
          [2, 1],
        ],
        0,
      ).pairConflictRate,
      0,
    );
    const three = disagreement(
      [
        [1, 1, 3],
        [2, 1, 3],
        [1, 2, 3],
      ],
      0,
    );
    assert.equal(three.pairConflictRate, 1 / 3);
  });

  it("leaves out candidates and pairs on which fewer than two judges speak", () => {
    const { std, meanStd, pairConflictRate } = disagreement(
      [
        [1, null, 3],
        [3, 5, 3],
      ],
      0,
    );
    assert.deepEqual([...std], [1, 0, 0]);
    assert.equal(meanStd, 0.5);
    assert.equal(pairConflictRate, 0);
  });

  it("does not change when all judges shift alike", () => {
    const rows = [
      [0.1, 0.5],
      [0.4, 0.2],
    ];
    const shifted = rows.map((row) => row.map((x) => x + 8));
    assert.ok(Math.abs(disagreement(rows, 1).meanStd - disagreement(shifted, 1).meanStd) < 1e-12);
    assert.equal(disagreement(shifted, 1).pairConflictRate, 1);
  });
});
