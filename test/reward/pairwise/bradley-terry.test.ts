import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { sigmoid, sum } from "../../../src/reward/numerics.ts";
import { bradleyTerry } from "../../../src/reward/pairwise/bradley-terry.ts";
import { close } from "../../support/vectors.ts";

/** What a table of wins is made of. */
interface Drawn {
  readonly strengths: number[];
  readonly noise: number[];
  readonly sharpness: number;
  readonly compared: number;
  readonly exponent: number;
}

const options = { prior: 0, tolerance: 1e-12, maxRounds: 20_000 };

describe("bradleyTerry", () => {
  it("recovers strengths, up to their mean, from the win rates that they give", () => {
    const strengths = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(strengths, (theta) => {
        const wins = theta.map((a) => theta.map((b) => sigmoid(a - b)));
        const mean = theta.reduce((a, b) => a + b) / theta.length;
        for (const [i, fitted] of bradleyTerry(wins, options).entries()) assert.ok(close(fitted, theta[i]! - mean, 1e-7));
      }),
      { numRuns: 40 },
    );
  });

  it("satisfies the likelihood equations: everyone wins as often as expected", () => {
    const wins = [
      [0, 5, 2],
      [1, 0, 7],
      [4, 3, 0],
    ];
    const theta = bradleyTerry(wins, options);
    for (const [i, row] of wins.entries()) {
      const won = row.reduce((a, b) => a + b);
      const expected = row.reduce((total, count, j) => total + (i === j ? 0 : (count + wins[j]![i]!) * sigmoid(theta[i]! - theta[j]!)), 0);
      assert.ok(close(won, expected, 1e-8));
    }
  });

  it("satisfies them for every table of wins and every prior, be the order as clear as can be, within a few hundred rounds", () => {
    const table = (most: number) =>
      fc.integer({ min: 2, max: most }).chain((n) =>
        fc.record({
          strengths: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n }),
          noise: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: n * n, maxLength: n * n }),
          sharpness: fc.constantFrom(1, 10, 1_000),
          compared: fc.constantFrom(0.3, 1),
          exponent: fc.double({ min: -4, max: 0, noNaN: true }),
        }),
      );
    const holds = ({ strengths, noise, sharpness, compared, exponent }: Drawn) => {
      const n = strengths.length;
      const prior = 10 ** exponent;
      const wins = strengths.map(() => strengths.map(() => 0));
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < i; j++) {
          if (noise[i * n + j]! > compared) continue;
          wins[i]![j] = sigmoid(sharpness * (strengths[i]! - strengths[j]!) + noise[j * n + i]!);
          wins[j]![i] = 1 - wins[i]![j]!;
        }
      }
      const theta = bradleyTerry(wins, { prior, tolerance: 1e-9, maxRounds: 300 });
      assert.ok(close(sum(theta), 0, 1e-9));
      for (const [i, row] of wins.entries()) {
        const surplus = row.map((count, j) =>
          i === j ? 0 : count + prior - (count + wins[j]![i]! + 2 * prior) * sigmoid(theta[i]! - theta[j]!),
        );
        assert.ok(Math.abs(sum(surplus)) <= 1e-8);
      }
    };
    fc.assert(fc.property(table(12), holds), { numRuns: 150 });
    fc.assert(fc.property(table(64), holds), { numRuns: 10 });
    for (const n of [4, 8, 64])
      holds({
        strengths: Array.from({ length: n }, (_, i) => i),
        noise: Array.from({ length: n * n }, () => 0),
        ...{ sharpness: 1_000, compared: 1, exponent: -4 },
      });
  });

  it("follows its candidates when they are put in another order", () => {
    const [a, b] = bradleyTerry(
      [
        [0, 5],
        [2, 0],
      ],
      options,
    );
    const [c, d] = bradleyTerry(
      [
        [0, 2],
        [5, 0],
      ],
      options,
    );
    assert.ok(close(a!, d!, 1e-9) && close(b!, c!, 1e-9));
  });

  it("refuses what has no finite answer without a prior: an undefeated candidate, and one that was not compared", () => {
    const undefeated = [
      [0, 3],
      [0, 0],
    ];
    const apart = [
      [0, 1, 0],
      [1, 0, 0],
      [0, 0, 0],
    ];
    for (const wins of [undefeated, apart]) {
      assert.throws(
        () => bradleyTerry(wins, options),
        (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && /prior/.test(error.message),
      );
      assert.ok(bradleyTerry(wins, { ...options, prior: 0.5 }).every(Number.isFinite));
    }
  });

  it("says when the rounds were not enough", () => {
    const wins = [
      [0, 9, 1],
      [1, 0, 9],
      [9, 1, 0],
    ];
    wins[0]![1] = 99;
    assert.throws(() => bradleyTerry(wins, { ...options, maxRounds: 1 }), GatewayError);
  });

  it("of one candidate, or of equals, is 0", () => {
    assert.deepEqual([...bradleyTerry([[0]], options)], [0]);
    const equal = bradleyTerry(
      [
        [0, 0.5],
        [0.5, 0],
      ],
      options,
    );
    assert.deepEqual([...equal], [0, 0]);
  });
});
