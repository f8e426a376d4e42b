import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fitOveroptimisation, goldAt, peakDistance } from "../../src/evaluation/overoptimisation.ts";
import { close } from "../support/vectors.ts";

const FORMS = ["bestOfN", "reinforcement"] as const;
const models = fc.record({ alpha: fc.double({ min: 0.5, max: 2, noNaN: true }), beta: fc.double({ min: 0.2, max: 1, noNaN: true }) });

describe("overoptimisation", () => {
  it("has its peak where peakDistance says", () => {
    fc.assert(
      fc.property(models, fc.constantFrom(...FORMS), (model, form) => {
        const peak = peakDistance(model, form);
        const at = (d: number) => goldAt(d * d, model, form);
        assert.ok(at(peak) >= at(peak * 0.99) && at(peak) >= at(peak * 1.01));
      }),
    );
  });

  it("starts at 0, and never peaks without a loss", () => {
    for (const form of FORMS) {
      assert.equal(goldAt(0, { alpha: 1, beta: 0.2 }, form), 0);
      assert.equal(peakDistance({ alpha: 1, beta: 0 }, form), Infinity);
    }
  });

  it("is recovered by a fit from its own values", () => {
    fc.assert(
      fc.property(models, fc.constantFrom(...FORMS), (model, form) => {
        const points = [0, 0.5, 1, 2, 4, 9].map((kl) => ({ kl, gold: goldAt(kl, model, form) }));
        const fitted = fitOveroptimisation(points, form)!;
        assert.ok(close(fitted.alpha, model.alpha) && close(fitted.beta, model.beta));
      }),
    );
  });

  it("cannot be fitted to one distance", () => {
    assert.equal(
      fitOveroptimisation(
        [
          { kl: 1, gold: 1 },
          { kl: 0, gold: 0 },
        ],
        "bestOfN",
      ),
      undefined,
    );
    assert.equal(
      fitOveroptimisation(
        [
          { kl: 4, gold: 1 },
          { kl: 4, gold: 2 },
        ],
        "reinforcement",
      ),
      undefined,
    );
  });
});
