import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { type ConsistencyOptions, consistencyScores, filterRollouts } from "../../../src/reward/process/prof.ts";
import { close } from "../../support/vectors.ts";

const signed: ConsistencyOptions = { lambda: 10, minSteps: 2, maxSteps: 30, form: "signed", centre: "batchMean" };

describe("consistencyScores", () => {
  it("is high where process and outcome say the same", () => {
    const [right, lucky, wrong] = consistencyScores(
      [
        { steps: [0.9, 0.9], correct: true },
        { steps: [0.1, 0.1], correct: true },
        { steps: [0.1, 0.1], correct: false },
      ],
      signed,
    );
    assert.ok(right! > 0 && lucky! < 0 && wrong! > 0);
  });

  it("holds too few and too many steps against right and wrong rollouts alike; bracketed rewards the wrong ones", () => {
    const rollouts = [true, false].map((correct) => ({ steps: [0.5], correct }));
    for (const score of consistencyScores(rollouts, signed)) assert.ok(close(score!, -10, 1e-12));
    const bracketed = consistencyScores(rollouts, { ...signed, form: "bracketed", centre: "none" });
    assert.deepEqual(bracketed, [-9.5, 9.5]);
    const long = [{ steps: new Array<number>(31).fill(0.5), correct: true }];
    assert.ok(consistencyScores(long, signed)[0]! < -9);
  });

  it("has no score for a rollout without steps", () => {
    assert.deepEqual(
      consistencyScores(
        [
          { steps: null, correct: true },
          { steps: [], correct: false },
        ],
        signed,
      ),
      [null, null],
    );
  });

  it("refuses a step score that is NaN", () => {
    assert.throws(
      () => consistencyScores([{ steps: [Number.NaN], correct: true }], signed),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });
});

describe("filterRollouts", () => {
  it("removes as many as asked, keeps the rest, and brings labels no further apart", () => {
    const rows = fc.array(fc.tuple(fc.option(fc.double({ min: -9, max: 9, noNaN: true })), fc.boolean()), { minLength: 2, maxLength: 16 });
    fc.assert(
      fc.property(rows, fc.nat(15), (list, wanted) => {
        const count = Math.min(wanted, list.length - 1);
        const correct = list.map(([, right]) => right);
        const { keep, remove, delta } = filterRollouts(
          list.map(([score]) => score),
          correct,
          { count },
        );
        assert.equal(remove.length, count);
        assert.deepEqual(
          [...keep, ...remove].sort((a, b) => a - b),
          list.map((_, i) => i),
        );
        const left = keep.reduce((balance, i) => balance + (correct[i] ? 1 : -1), 0);
        assert.ok(Math.abs(left) <= Math.max(Math.abs(delta), 1));
      }),
    );
  });

  it("removes rollouts without a score first, then the least consistent, the lowest index among equals", () => {
    const all = [true, true, true, true];
    assert.deepEqual(filterRollouts([0.5, null, 0.1, 0.9], all, { count: 2 }).remove, [1, 2]);
    assert.deepEqual(filterRollouts([0.5, 0.5, 0.5, 0.5], all, { count: 2 }).remove, [0, 1]);
  });

  it("lets the caller pick the wrong ones at random", () => {
    const last = (n: number) => n - 1;
    const { remove } = filterRollouts([0.1, 0.9, 0.1, 0.9], [true, true, false, false], { count: 2, pickWrong: last });
    assert.deepEqual(remove, [0, 3]);
  });

  it("refuses to keep nothing", () => {
    assert.throws(
      () => filterRollouts([1, 2], [true, false], { count: 2 }),
      (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
    );
  });
});
