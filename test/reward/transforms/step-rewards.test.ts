import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { clipSteps, completeSteps, deltaSteps, meanStepScore, returnToGo } from "../../../src/reward/transforms/step-rewards.ts";
import { close } from "../../support/vectors.ts";

const steps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }).map((qs) => Float64Array.from(qs));

describe("step rewards", () => {
  it("deltaSteps: what is to come is the step's own score, so repeating a step earns nothing", () => {
    fc.assert(
      fc.property(steps, (qs) => {
        const toGo = returnToGo(deltaSteps(qs));
        assert.ok(toGo.every((g, h) => close(g, qs[h]!, 1e-12)));
        const doubled = Float64Array.from([qs[0]!, ...qs]);
        assert.ok(close(returnToGo(deltaSteps(doubled))[0]!, qs[0]!, 1e-12));
      }),
    );
  });

  it("clipSteps can only cost, and its delta never promises more than 0", () => {
    fc.assert(
      fc.property(steps, (qs) => {
        const clipped = clipSteps(qs, 0.8);
        assert.ok(clipped.every((r) => r <= 0));
        assert.ok(returnToGo(deltaSteps(clipped)).every((g) => g <= 1e-12));
      }),
    );
  });

  it("completeSteps fails the response, or takes over the step before", () => {
    assert.deepEqual([...completeSteps([0.5, null, null, 0.1], "previous")], [0.5, 0.5, 0.5, 0.1]);
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";
    assert.throws(() => completeSteps([0.5, null], "fail"), refused);
    assert.throws(() => completeSteps([null, 0.5], "previous"), refused);
    assert.throws(() => completeSteps([Number.NaN], "previous"), refused);
  });

  it("meanStepScore weighs every step of the call alike", () =>
    assert.equal(meanStepScore([Float64Array.of(1, 2), Float64Array.of(6)]), 3));
});
