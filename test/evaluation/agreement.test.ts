import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cohenKappa } from "../../src/evaluation/agreement.ts";
import { close } from "../support/vectors.ts";

describe("cohenKappa", () => {
  it("is 1 for full agreement, 0 at chance, below 0 beyond it", () => {
    assert.equal(cohenKappa(["a", "b"], ["a", "b"]).kappa, 1);
    assert.equal(cohenKappa([1, 1, 0, 0], [1, 0, 1, 0]).kappa, 0);
    assert.ok(close(cohenKappa([1, 0], [0, 1]).kappa!, -1, 1e-12));
  });

  it("is symmetric and does not read the labels' names", () => {
    const a = [1, 2, 2, 3, 1];
    const b = [1, 2, 3, 3, 2];
    const named = (labels: number[]) => labels.map((label) => `label ${label}`);
    assert.equal(cohenKappa(a, b).kappa, cohenKappa(b, a).kappa);
    assert.equal(cohenKappa(a, b).kappa, cohenKappa(named(a), named(b)).kappa);
  });

  it("is undefined where both raters know one label", () => {
    assert.deepEqual(cohenKappa([1, 1, 1], [1, 1, 1]), { observed: 1, expected: 1, kappa: undefined });
  });
});
