import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { frechetDiagonal, leaveOneOutCredit } from "../../src/evaluation/frechet.ts";
import { close } from "../support/vectors.ts";

const a = [
  [0, 1],
  [1, 1],
  [2, 4],
];

describe("the diagonal Fréchet distance", () => {
  it("is 0 to itself, symmetric, and the squared shift of a set that only moved", () => {
    assert.equal(frechetDiagonal(a, a, 0), 0);
    const moved = a.map(([x, y]) => [x! + 3, y! - 4]);
    assert.ok(close(frechetDiagonal(a, moved, 1), 25, 1e-12) && close(frechetDiagonal(moved, a, 1), 25, 1e-12));
  });

  it("does not depend on the order of a set", () => {
    assert.ok(close(frechetDiagonal(a, [[1, 2]], 0), frechetDiagonal([...a].reverse(), [[1, 2]], 0), 1e-12));
  });

  it("gives credit to what makes a set like its target, and blames what does not", () => {
    const target = [[0], [2]];
    const credit = leaveOneOutCredit([[0], [2], [9]], target, 0)!;
    assert.ok(credit[2]! < 0 && credit[0]! > credit[2]!);
  });

  it("knows no credit within a set of one", () => {
    assert.equal(leaveOneOutCredit([[1]], [[1]], 0), undefined);
  });
});
