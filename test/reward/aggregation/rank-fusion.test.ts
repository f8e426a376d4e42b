import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { borda, bordaKind, rankGroup, reciprocalRank, reciprocalRankKind } from "../../../src/reward/aggregation/rank-fusion.ts";
import { close } from "../../support/vectors.ts";

const matrix = fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), {
  minLength: 1,
  maxLength: 4,
});
const ones = (n: number) => new Array<number>(n).fill(1);

describe("rank fusion", () => {
  it("sees order alone: a monotone map of one judge's scores changes nothing", () => {
    fc.assert(
      fc.property(matrix, (scores) => {
        const mapped = scores.map((row, j) => (j === 0 ? row.map((x) => x ** 3 + x) : row));
        assert.deepEqual(borda(mapped, ones(scores.length)), borda(scores, ones(scores.length)));
        assert.deepEqual(reciprocalRank(mapped, ones(scores.length), 60), reciprocalRank(scores, ones(scores.length), 60));
      }),
    );
  });

  it("borda shares out N/2 points over a group, each in [0, 1]", () => {
    fc.assert(
      fc.property(matrix, (scores) => {
        const points = borda(scores, ones(scores.length));
        assert.ok(points.every((point) => point >= 0 && point <= 1));
        assert.ok(
          close(
            points.reduce((a, b) => a + b),
            2,
            1e-9,
          ),
        );
      }),
    );
  });

  it("gives a candidate that a judge did not score the middle of that judge's ranking", () => {
    assert.deepEqual([...rankGroup([0.9, null, 0.1]).ranks], [1, 1.5, 2]);
    assert.deepEqual([...borda([[0.9, null, 0.1]], [1])], [1, 0.5, 0]);
    assert.deepEqual([...borda([[null, null]], [1])], [0.5, 0.5]);
    assert.deepEqual([...reciprocalRank([[0.9, null, 0.1]], [1], 0.5)], [1 / 1.5, 0.5, 0.4]);
  });

  it("of one candidate, or of equal ones, is ½ and 1/(k + 1)", () => {
    assert.deepEqual([...borda([[7]], [1])], [0.5]);
    assert.deepEqual([...borda([[7, 7, 7]], [1])], [0.5, 0.5, 0.5]);
    assert.deepEqual([...reciprocalRank([[7]], [1], 60)], [1 / 61]);
  });

  it("refuses NaN", () => {
    assert.throws(
      () => borda([[1, Number.NaN]], [1]),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });

  const entry = (members: number[], scores: number[], weights: number[]) => ({
    members,
    scores: Float64Array.from(scores),
    weights: Float64Array.from(weights),
  });
  const spec = { members: [], spaceOut: "rank" as const, revision: "r" };

  it("as kinds agrees with the functions over a whole group", () => {
    const scores = [
      [0.9, 0.1, 0.5],
      [2, 3, -1],
    ];
    const group = [0, 1, 2].map((i) =>
      entry(
        [0, 1],
        scores.map((row) => row[i]!),
        [2, 1],
      ),
    );
    const rewards = bordaKind
      .create({}, spec)
      .aggregate(group)
      .map(({ reward }) => reward);
    for (const [i, expected] of borda(scores, [2, 1]).entries()) assert.ok(close(rewards[i]!, expected, 1e-12));
    const fused = reciprocalRankKind
      .create({ k: 60 }, spec)
      .aggregate(group)
      .map(({ reward }) => reward);
    for (const [i, expected] of reciprocalRank(scores, [2, 1], 60).entries()) assert.ok(close(fused[i]!, expected, 1e-12));
  });

  it("as a kind ranks a member among the candidates that it scored, and lets the others speak where it is missing", () => {
    const group = [entry([0, 1], [1, 5], [1, 1]), entry([1], [9], [2]), entry([0, 1], [2, 1], [1, 1])];
    const [first, second, third] = bordaKind.create({}, spec).aggregate(group);
    assert.deepEqual([...first!.contributions], [0, 0.25]);
    assert.deepEqual([second!.reward, ...second!.contributions], [1, 1]);
    assert.deepEqual([...third!.contributions], [0.5, 0]);
  });

  it("takes members in different spaces", () => {
    assert.deepEqual([bordaKind.accepts, reciprocalRankKind.accepts], ["any", "any"]);
    assert.equal(bordaKind.problems({}, [{ name: "a", counts: true, weight: 0, required: false, gated: undefined }]).length, 1);
  });
});
