import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bracket } from "../../../src/reward/pairwise/bracket.ts";

describe("bracket", () => {
  const stronger = (a: number, b: number) => Math.max(a, b);

  it("makes the strongest champion in N − 1 matches, whoever waits out a round", () => {
    for (let n = 1; n <= 33; n++) {
      let matches = 0;
      const { survived, open, rounds } = bracket(n, (a, b) => {
        matches++;
        return stronger(a, b);
      });
      assert.deepEqual([matches, open, survived[n - 1], rounds], [n - 1, [], rounds, Math.ceil(Math.log2(n))]);
      assert.equal(survived.filter((round) => round === rounds).length, 1);
    }
  });

  it("names the matches of the first round that is not over, and no later one", () => {
    const played = (a: number, b: number) => (a + b === 1 ? 1 : undefined);
    assert.deepEqual(bracket(4, played).open, [[2, 3]]);
    assert.deepEqual(bracket(5, (a, b) => (a < 4 && b < 4 ? b : undefined)).open, [[4, 1]]);
  });

  it("sends both home from a match without a result, and crowns nobody when nobody is left", () => {
    const broken = bracket(4, (a, b) => (a === 0 ? null : stronger(a, b)));
    assert.deepEqual(
      [broken.void, broken.survived],
      [
        [0, 1],
        [0, 0, 0, 2],
      ],
    );
    assert.deepEqual(
      bracket(2, () => null),
      { rounds: 1, survived: [0, 0], open: [], void: [0, 1] },
    );
  });
});
