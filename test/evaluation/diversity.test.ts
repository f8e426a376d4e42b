import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { vendi } from "../../src/evaluation/diversity.ts";
import { close } from "../support/vectors.ts";

describe("vendi", () => {
  it("counts groups: candidates that are alike count once", () => {
    const blocks = [
      [1, 1, 0],
      [1, 1, 0],
      [0, 0, 1],
    ];
    assert.ok(close(vendi(blocks), Math.exp(Math.log(3) - (2 / 3) * Math.log(2)), 1e-9));
    const identity = Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => Number(i === j)));
    assert.ok(close(vendi(identity), 6, 1e-12));
    assert.ok(close(vendi([[1]]), 1, 1e-12));
  });

  it("lies between 1 and n for similarities of embeddings, in any order", () => {
    const angles = fc.array(fc.double({ min: 0, max: 6.28, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(angles, (list) => {
        const kernel = (xs: readonly number[]) => xs.map((a) => xs.map((b) => Math.cos(a - b)));
        const score = vendi(kernel(list));
        assert.ok(score >= 1 - 1e-9 && score <= Math.min(2, list.length) + 1e-6, "points of a plane have two dimensions");
        assert.ok(close(vendi(kernel([...list].reverse())), score, 1e-7));
      }),
    );
  });

  it("agrees with the known eigenvalues of equal similarities: 1 + (n − 1)ρ once and 1 − ρ otherwise", () => {
    const n = 5;
    const rho = 0.3;
    const kernel = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : rho)));
    const shares = [(1 + (n - 1) * rho) / n, ...new Array<number>(n - 1).fill((1 - rho) / n)];
    assert.ok(close(vendi(kernel), Math.exp(-shares.reduce((total, share) => total + share * Math.log(share), 0)), 1e-12));
  });
});
