import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { critiqueF1, dynamicBeta, gradeReward } from "../../../src/judges/generative/judge-training.ts";

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);

describe("critiqueF1", () => {
  it("lies between precision and recall, and is 1 only when all arguments match", () => {
    const counts = fc.tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 9 }), fc.nat(9));
    fc.assert(
      fc.property(counts, ([model, matched, human, covered]) => {
        const found = { model, matched: Math.min(model, matched), human, covered: Math.min(human, covered) };
        const { precision, recall, f1 } = critiqueF1(found);
        assert.ok(f1 <= Math.max(precision, recall) + 1e-12 && f1 >= Math.min(precision, recall) - 1e-12);
        assert.equal(f1 === 1, model > 0 && found.matched === model && found.covered === human);
      }),
    );
  });

  it("refuses a human critique without arguments, and matches beyond what there is", () => {
    refuses("REFERENCE_MISSING", () => critiqueF1({ model: 1, matched: 0, human: 0, covered: 0 }));
    refuses("REQUEST_INVALID", () => critiqueF1({ model: 1, matched: 2, human: 1, covered: 1 }));
    refuses("REQUEST_INVALID", () => critiqueF1({ model: 1, matched: 1, human: 1, covered: Number.NaN }));
  });
});

describe("gradeReward", () => {
  it("is greatest at the human grade, falls with the distance, and is the same from either side", () => {
    fc.assert(
      fc.property(unit, unit, unit, (a, b, gold) => {
        assert.equal(gradeReward(gold, gold), 1);
        if (Math.abs(a - gold) <= Math.abs(b - gold)) assert.ok(gradeReward(a, gold) >= gradeReward(b, gold));
        assert.equal(gradeReward(a, b), gradeReward(b, a));
        assert.ok(gradeReward(a, b) >= 0 && gradeReward(a, b) <= 1);
      }),
    );
    refuses("SCORE_NOT_FINITE", () => gradeReward(Number.NaN, 1));
  });
});

describe("dynamicBeta", () => {
  it("grows with the margin, from its floor to β(1 + w)", () => {
    const margins = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(margins, (list) => {
        const betas = dynamicBeta(
          list.toSorted((a, b) => a - b),
          { beta: 0.1, weight: 0.1, rate: 0.5 },
        );
        for (const [i, beta] of betas.entries()) assert.ok(beta >= 1e-3 && beta <= 0.11 && beta >= (betas[i - 1] ?? 0));
      }),
    );
    refuses("SCORE_NOT_FINITE", () => dynamicBeta([Infinity], { beta: 0.1, weight: 0.1, rate: 0.5 }));
  });
});
