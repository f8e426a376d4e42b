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

  it("takes a few steps a candidate, so that a large group does not hold up the process", () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const outcomes: Readonly<Record<string, () => number>> = {
      "any probability": () => random() - 0.5,
      "a win, a tie or a loss": () => (Math.floor(3 * random()) - 1) / 2,
      "a win or a loss": () => (random() < 0.5 ? -0.5 : 0.5),
    };
    const games = Object.entries(outcomes).flatMap(([what, payoff]) => [64, 256].map((n) => ({ what, payoff, n })));
    for (const { what, payoff, n } of games) {
      const game = Array.from({ length: n }, () => new Float64Array(n).fill(1));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          const gained = payoff();
          game[i]![j] = 1 + gained;
          game[j]![i] = 1 - gained;
        }
      }
      const mixture = solvePositiveGame(game, 4 * n);
      const best = Math.max(...game.map((row) => row.reduce((total, value, j) => total + value * mixture[j]!, 0)));
      assert.ok(close(best, 1, 1e-9), `${what}, ${n} candidates`);
    }
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
