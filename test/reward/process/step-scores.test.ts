import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { aggregateSteps, blendOutcome, STEP_AGGREGATIONS, stepProbability } from "../../../src/reward/process/step-scores.ts";
import { close } from "../../support/vectors.ts";

const probability = fc.double({ min: 0, max: 1, noNaN: true });
const steps = fc.array(probability, { minLength: 1, maxLength: 12 });
const notFinite = (error: unknown) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE";

describe("stepProbability", () => {
  it("adds up to 1 over both labels and follows the difference of the logits alone", () => {
    const logit = fc.double({ min: -40, max: 40, noNaN: true });
    fc.assert(
      fc.property(logit, logit, logit, (plus, minus, shift) => {
        const { probability: p, logProbability } = stepProbability(plus, minus);
        assert.ok(close(p + stepProbability(minus, plus).probability, 1, 1e-12));
        assert.ok(close(p, stepProbability(plus + shift, minus + shift).probability, 1e-9));
        assert.ok(close(Math.exp(logProbability), p, 1e-12));
      }),
    );
  });

  it("keeps the logarithm where the probability vanishes, and refuses NaN", () => {
    assert.equal(stepProbability(-800, 800).logProbability, -1600);
    assert.throws(() => stepProbability(Number.NaN, 0), notFinite);
  });
});

describe("aggregateSteps", () => {
  it("has no score without steps or where one is missing, and refuses one that is NaN", () => {
    for (const aggregation of STEP_AGGREGATIONS) {
      assert.equal(aggregateSteps([], aggregation), null);
      assert.equal(aggregateSteps([0.5, null], aggregation), null);
      assert.throws(() => aggregateSteps([Number.NaN], aggregation), notFinite);
    }
  });

  it("stays finite, never falls when a step rises, and ignores the order of steps but for the last one", () => {
    fc.assert(
      fc.property(steps, fc.nat(), probability, (list, place, raised) => {
        const better = list.with(place % list.length, Math.max(raised, list[place % list.length]!));
        for (const aggregation of STEP_AGGREGATIONS) {
          const score = aggregateSteps(list, aggregation)!;
          assert.ok(Number.isFinite(score));
          // The mean under softmin's own weights is not monotone: its weights move with the steps.
          if (aggregation !== "softmin") assert.ok(aggregateSteps(better, aggregation)! >= score - 1e-12, aggregation);
          if (aggregation !== "last") assert.ok(close(aggregateSteps(list.toReversed(), aggregation)!, score, 1e-9), aggregation);
        }
      }),
    );
  });

  it("orders product ≤ min ≤ soft minimum ≤ mean ≤ max, and all are the step itself where there is one", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const chain = (["product", "min", "softmin", "mean", "max"] as const).map((aggregation) => aggregateSteps(list, aggregation)!);
        for (const [i, score] of chain.slice(1).entries()) assert.ok(chain[i]! <= score + 1e-12);
      }),
    );
    for (const aggregation of ["product", "min", "softmin", "mean", "max", "last", "geometricMean"] as const)
      assert.ok(close(aggregateSteps([0.3], aggregation)!, 0.3, 1e-12));
  });

  it("holds length against a response in products and sums only", () => {
    const [short, long] = [new Array<number>(2).fill(0.8), new Array<number>(9).fill(0.8)];
    for (const aggregation of ["product", "sumLogProbability"] as const)
      assert.ok(aggregateSteps(long, aggregation)! < aggregateSteps(short, aggregation)!);
    for (const aggregation of ["min", "mean", "geometricMean", "softmin"] as const)
      assert.ok(close(aggregateSteps(long, aggregation)!, aggregateSteps(short, aggregation)!, 1e-12));
  });
});

describe("blendOutcome", () => {
  it("is the outcome at 0, the process at 1, between them elsewhere, and refuses NaN", () => {
    fc.assert(
      fc.property(probability, probability, probability, (outcome, process, beta) => {
        const reward = blendOutcome(outcome, process, beta);
        assert.ok(reward >= Math.min(outcome, process) - 1e-12 && reward <= Math.max(outcome, process) + 1e-12);
      }),
    );
    assert.equal(blendOutcome(1, 0.25, 0), 1);
    assert.equal(blendOutcome(1, 0.25, 1), 0.25);
    assert.throws(() => blendOutcome(Number.NaN, 0, 0.5), notFinite);
  });
});
