import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StateValue, StepInput } from "../../../src/domain/state.ts";
import { defineState, stateSchema } from "../../../src/state/kinds/index.ts";
import { checkInput } from "../../../src/state/step-input.ts";
import { close, type Fields, type Vector, vectors } from "../../support/vectors.ts";

/** The values that a state goes through: the initial one, and one per step. */
function trace(written: object, steps: readonly StepInput[]): StateValue[] {
  const state = defineState(stateSchema.parse(written));
  const values = [state.initial()];
  for (const step of steps) values.push(state.step(values.at(-1)!, checkInput("s", state, step)));
  return values;
}

/** Judges of a vector, which has none: j0, j1, … */
const named = <T>(values: readonly T[]) => Object.fromEntries(values.map((value, j) => [`j${j}`, value]));

function assertClose(actual: Readonly<Record<string, number>>, expected: readonly number[], what: string): void {
  assert.deepEqual(Object.keys(actual), Object.keys(named(expected)));
  for (const [j, value] of expected.entries())
    assert.ok(close(actual[`j${j}`]!, value), `${what}: j${j} is ${actual[`j${j}`]}, not ${value}`);
}

describe("multipliers", () => {
  for (const { case: name, input, params, expected } of vectors("agg.lagrangian")) {
    it(`go through the worked example: ${name}`, () => {
      const judges = named(params.thresholds.map((threshold: number, j: number) => ({ threshold, initial: params.mu0[j] })));
      const written = { kind: "multipliers", judges, form: params.kind, learningRate: params.lr, momentum: params.momentum };
      const values = trace(
        written,
        input.mean_rewards.map((means: number[]) => ({ meanRewards: named(means) })),
      );
      for (const [t, row] of (expected.trace as Fields[]).entries()) {
        const [before, after] = [values[t]!, values[t + 1]!];
        assert.ok(before.kind === "multipliers" && after.kind === "multipliers");
        assertClose(before.value.lambda, row.lambda, `lambda before step ${t}`);
        assertClose(after.value.mu, row.mu_after, `mu after step ${t}`);
        assertClose(after.value.velocity, row.velocity, `velocity after step ${t}`);
      }
    });
  }

  it("keep the part of a judge that has nothing to report", () => {
    const judges = { a: { threshold: 1, initial: 0.5 }, b: { threshold: 1 } };
    const [, first, second] = trace({ kind: "multipliers", judges }, [{ meanRewards: { a: 0, b: 0 } }, { meanRewards: { b: 0, a: null } }]);
    assert.ok(first!.kind === "multipliers" && second!.kind === "multipliers");
    assert.deepEqual(
      [second!.value.mu.a, second!.value.velocity.a, second!.value.lambda.a],
      [first!.value.mu.a, first!.value.velocity.a, first!.value.lambda.a],
    );
    assert.notEqual(second!.value.mu.b, first!.value.mu.b);
  });
});

describe("hedge", () => {
  for (const { case: name, input, params, expected } of vectors("route.hedge")) {
    it(`goes through the worked example: ${name}`, () => {
      const judges = named(input.pi.map((weight: number) => ({ weight })));
      const losses = named(input.loss as number[]);
      const [, first, second] = trace({ kind: "hedge", judges, learningRate: params.eta }, [{ losses }, { losses }]);
      assert.ok(first!.kind === "hedge" && second!.kind === "hedge");
      assertClose(first!.value.weights, expected.after1, "after one step");
      assertClose(second!.value.weights, expected.after2, "after two steps");
    });
  }

  it("starts from shares of the configured weights", () => {
    const [start] = trace({ kind: "hedge", judges: { a: { weight: 3 }, b: {} }, learningRate: 1 }, []);
    assert.deepEqual(start, { kind: "hedge", value: { weights: { a: 0.75, b: 0.25 } } });
  });
});

describe("runningScale", () => {
  for (const { case: name, input, params, expected } of vectors("tf.running") as Vector[]) {
    it(`goes through the worked example: ${name}`, () => {
      const steps = input.batches.map((batch: number[]) => ({ scores: { a: batch } }));
      const values = trace({ kind: "runningScale", judges: ["a"], ddof: params.ddof }, steps);
      for (const [t, { mean, std }] of (expected.steps as Fields[]).entries()) {
        const value = values[t + 1]!;
        assert.ok(value.kind === "runningScale");
        assert.ok(close(value.value.scales.a!.mean!, mean) && close(value.value.scales.a!.std, std), JSON.stringify(value));
      }
    });
  }

  it("has no mean and no range before the first score, and leaves a judge without scores as it was", () => {
    const [start, after] = trace({ kind: "runningScale", judges: ["a", "b"] }, [{ scores: { a: [-2, 2] } }]);
    const empty = { count: 0, std: 0, squares: 0 };
    assert.deepEqual(start!.value, { scales: { a: empty, b: empty } });
    assert.deepEqual(after!.value, { scales: { a: { count: 2, mean: 0, std: 2, squares: 8, min: -2, max: 2 }, b: empty } });
  });
});

describe("quantileTracker", () => {
  for (const { case: name, input, params, expected } of vectors("adv.riskpo")) {
    it(`takes the quantiles of its first batch as the worked example has them: ${name}`, () => {
      const written = { kind: "quantileTracker", alpha: params.alpha, beta: params.beta, share: 0.1 };
      const [start, first] = trace(written, [{ bundleScores: input.bundle_scores }]);
      assert.deepEqual(start!.value, {});
      assert.ok(first!.kind === "quantileTracker");
      assert.ok(close(first!.value.quantiles!.down, expected.q_down) && close(first!.value.quantiles!.up, expected.q_up));
    });
  }

  it("moves towards each further batch by its share", () => {
    const values = trace({ kind: "quantileTracker", alpha: 0.25, beta: 0.75, share: 0.5 }, [
      { bundleScores: [0, 1, 2, 3, 4] },
      { bundleScores: [10, 11, 12, 13, 14] },
    ]);
    assert.deepEqual(values[2]!.value, { quantiles: { down: 6, up: 8 } });
  });
});

describe("a state of the configuration", () => {
  it("fits values of its own kind and judges, in any order, and no others", () => {
    const of = (...judges: string[]) => defineState(stateSchema.parse({ kind: "runningScale", judges }));
    assert.ok(of("a", "b").fits(of("b", "a").initial()));
    assert.ok(!of("a", "b").fits(of("a").initial()));
    assert.ok(!of("a").fits(of("a", "b").initial()));
    assert.ok(!of("a", "c").fits(of("a", "b").initial()));
    const tracker = defineState(stateSchema.parse({ kind: "quantileTracker", share: 1 }));
    assert.ok(!tracker.fits(of("a").initial()));
  });
});
