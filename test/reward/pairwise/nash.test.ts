import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { nash } from "../../../src/reward/pairwise/nash.ts";
import { close } from "../../support/vectors.ts";

const EXACT = { tolerance: 1e-9, maxEnumerated: 12 };
const LINEAR = { tolerance: 1e-9, maxEnumerated: 0 };

/** Preferences of n candidates in which both orders agree; a coarse grid makes ties and degenerate games likely. */
const games = (min: number, max: number, steps: number) =>
  fc.integer({ min, max }).chain((n) =>
    fc.array(fc.integer({ min: 0, max: steps }), { minLength: (n * (n - 1)) / 2, maxLength: (n * (n - 1)) / 2 }).map((upper) => {
      const p = Array.from({ length: n }, () => new Array<number>(n).fill(0.5));
      let next = 0;
      for (let i = 0; i < n; i++) {
        for (let j = i + 1; j < n; j++) {
          p[i]![j] = upper[next++]! / steps;
          p[j]![i] = 1 - p[i]![j]!;
        }
      }
      return p;
    }),
  );

/** Every pair has a winner, by the numbers of a linear congruential generator. */
function tournament(n: number, seed: number): number[][] {
  let state = seed;
  const p = Array.from({ length: n }, () => new Array<number>(n).fill(0.5));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      p[i]![j] = state > 2 ** 31 ? 1 : 0;
      p[j]![i] = 1 - p[i]![j]!;
    }
  }
  return p;
}

function assertEquilibrium(preferences: number[][], options: typeof EXACT): void {
  const { mixture, winsAgainst } = nash(preferences, options);
  assert.ok(mixture.every((part) => part >= 0));
  assert.ok(
    close(
      mixture.reduce((a, b) => a + b),
      1,
      1e-9,
    ),
  );
  for (const wins of winsAgainst) assert.ok(wins <= 0.5 + 1e-8, `a candidate wins ${wins} against the mixture`);
  const value = mixture.reduce((total, part, i) => total + part * winsAgainst[i]!, 0);
  assert.ok(close(value, 0.5, 1e-9), "the value of an antisymmetric game is ½");
}

describe("nash", () => {
  it("finds a mixture that no candidate beats, in any small game", () => {
    fc.assert(
      fc.property(fc.oneof(games(1, 7, 1000), games(1, 6, 2)), (game) => assertEquilibrium(game, EXACT)),
      { numRuns: 150 },
    );
  });

  it("finds one as a linear program as well, in small degenerate games and in larger ones", () => {
    fc.assert(
      fc.property(fc.oneof(games(1, 8, 2), games(13, 24, 1000)), (game) => assertEquilibrium(game, LINEAR)),
      { numRuns: 150 },
    );
  });

  it("finds one in groups of dozens whose candidates win or lose, where rounding adds up", () => {
    for (const [n, seed] of [
      [32, 68],
      [32, 114],
      [40, 38],
      [40, 2],
      [47, 13],
      [52, 2],
    ] as const)
      assertEquilibrium(tournament(n, seed), EXACT);
  });

  it("both ways agree where the equilibrium is unique", () => {
    const cycle = [
      [0.5, 0.8, 0.3],
      [0.2, 0.5, 0.9],
      [0.7, 0.1, 0.5],
    ];
    for (const [i, part] of nash(cycle, EXACT).mixture.entries()) assert.ok(close(nash(cycle, LINEAR).mixture[i]!, part, 1e-12));
  });

  it("takes a candidate that beats or ties all others, the first of several", () => {
    const tie = [
      [0.5, 0.2, 0.2],
      [0.8, 0.5, 0.5],
      [0.8, 0.5, 0.5],
    ];
    assert.deepEqual([...nash(tie, EXACT).mixture], [0, 1, 0]);
    assert.deepEqual([...nash([[0.5]], EXACT).mixture], [1]);
  });

  it("is uniform when nobody beats anybody", () => {
    const even = Array.from({ length: 4 }, () => [0.5, 0.5, 0.5, 0.5]);
    assert.deepEqual([...nash(even, EXACT).mixture], [0.25, 0.25, 0.25, 0.25]);
  });

  it("takes the mean of both orders where they do not agree", () => {
    const { mixture, winsAgainst } = nash(
      [
        [0.5, 0.9],
        [0.3, 0.5],
      ],
      EXACT,
    );
    assert.deepEqual([...mixture], [1, 0]);
    assert.ok(close(winsAgainst[1]!, 0.2, 1e-12));
  });
});
