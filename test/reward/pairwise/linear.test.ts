import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { solve, solvePositiveGame } from "../../../src/reward/pairwise/linear.ts";
import { close } from "../../support/vectors.ts";

describe("solve", () => {
  it("solves a system that needs its rows exchanged", () => {
    assert.deepEqual(
      [
        ...solve(
          [
            [0, 2],
            [1, 1],
          ],
          [4, 5],
          1e-12,
        )!,
      ],
      [3, 2],
    );
  });

  it("gives nothing for a singular system", () => {
    assert.equal(
      solve(
        [
          [1, 2],
          [2, 4],
        ],
        [1, 2],
        1e-12,
      ),
      undefined,
    );
  });
});

describe("solvePositiveGame", () => {
  it("finds the column player's mixture of a game that is not square", () => {
    // Row payoffs; columns 0 and 1 mix half and half, the dear column 2 is never played.
    const mixture = solvePositiveGame([Float64Array.of(3, 1, 9), Float64Array.of(1, 3, 9)]);
    assert.ok(close(mixture[0]!, 0.5, 1e-12) && close(mixture[1]!, 0.5, 1e-12) && mixture[2] === 0);
  });

  it("ends on a degenerate game in which every step is a tie", () => {
    const mixture = solvePositiveGame(Array.from({ length: 6 }, () => new Float64Array(6).fill(1)));
    assert.ok(
      close(
        mixture.reduce((a, b) => a + b),
        1,
        1e-12,
      ),
    );
  });
});
