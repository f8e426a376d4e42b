import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scoreTies } from "../../src/evaluation/ties.ts";
import { close } from "../support/vectors.ts";

const prompt = (single: number[][], tied: number[][]) => ({
  single: { right: single[0]!, wrong: single[1]! },
  tied: { right: tied[0]!, wrong: tied[1]! },
});

describe("scoreTies", () => {
  it("is at most 1.01, for a judge that puts equal answers level and wrong ones far below", () => {
    assert.ok(close(scoreTies([prompt([[5], [0]], [[4, 4], [1]])]).score, 1.01, 1e-12));
  });

  it("takes what is off for a spread among right answers that is wider than the gap", () => {
    const { tiedAccuracy, preferred, margin } = scoreTies([prompt([[9], [0]], [[2, 8], [1]])]);
    assert.deepEqual([tiedAccuracy, preferred], [1, 0]);
    assert.ok(margin < 0);
  });

  it("has a margin by the sign of the gap where right answers are level", () => {
    assert.equal(scoreTies([prompt([[1], [2]], [[4, 4], [1]])]).margin, -1);
    assert.equal(scoreTies([prompt([[2], [2]], [[4, 4], [1]])]).margin, 0);
  });

  it("does not change under a positive affine map of all scores", () => {
    const rows = [
      prompt(
        [[5], [2, 1]],
        [
          [4, 4.5, 5],
          [2, 1],
        ],
      ),
      prompt(
        [[3], [3.5]],
        [
          [2, 3],
          [1.8, 0.5],
        ],
      ),
    ];
    const map = (scores: readonly number[]) => scores.map((x) => 3 * x - 7);
    const mapped = rows.map(({ single, tied }) => ({
      single: { right: map(single.right), wrong: map(single.wrong) },
      tied: { right: map(tied.right), wrong: map(tied.wrong) },
    }));
    assert.ok(close(scoreTies(mapped).score, scoreTies(rows).score, 1e-9));
  });
});
