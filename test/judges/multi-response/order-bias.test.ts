import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { averageOverOrders, cyclicOrders, isOrderBiased, withoutSlotEffects } from "../../../src/judges/multi-response/order-bias.ts";
import { close } from "../../support/vectors.ts";

const refuses = (reason: string, run: () => unknown) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);
const score = fc.double({ min: -4, max: 4, noNaN: true });

/** N candidates with their worths, and what each slot adds. */
const judge = fc
  .integer({ min: 1, max: 6 })
  .chain((n) => fc.tuple(fc.array(score, { minLength: n, maxLength: n }), fc.array(score, { minLength: n, maxLength: n })));

/** What such a judge says in one order. */
const ask = (worths: readonly number[], slots: readonly number[]) => (order: readonly number[]) => ({
  order,
  scores: order.map((candidate, slot) => worths[candidate]! + slots[slot]!),
});

describe("cyclicOrders", () => {
  it("form a Latin square: every candidate stands in every slot once", () => {
    for (const n of [1, 2, 3, 5, 8]) {
      const cells = cyclicOrders(n, n).flatMap((order) => order.map((candidate, slot) => `${candidate} in ${slot}`));
      assert.equal(new Set(cells).size, n * n);
    }
  });

  it("are as many different orders as asked for, or refused", () => {
    assert.deepEqual(
      cyclicOrders(8, 4).map(([first]) => first),
      [0, 2, 4, 6],
    );
    for (const runs of [0, 4, 1.5, Number.NaN]) refuses("REQUEST_INVALID", () => cyclicOrders(3, runs));
  });
});

describe("averageOverOrders", () => {
  it("takes what slots add out of the differences of candidates, and measures it exactly", () => {
    fc.assert(
      fc.property(judge, ([worths, slots]) => {
        const n = worths.length;
        const average = averageOverOrders(cyclicOrders(n, n).map(ask(worths, slots)));
        const meanSlot = slots.reduce((a, b) => a + b) / n;
        assert.ok(average.balanced);
        for (let i = 0; i < n; i++) {
          assert.ok(close(average.scores[i]! - average.scores[0]!, worths[i]! - worths[0]!, 1e-9));
          assert.ok(close(average.slotEffects[i]!, slots[i]! - meanSlot, 1e-9));
        }
        assert.ok(close(average.slotShare + average.candidateShare, average.slotShare + average.candidateShare === 0 ? 0 : 1, 1e-6));
        assert.ok(average.flipRate >= 0 && average.flipRate <= 1);
      }),
    );
  });

  it("bounds how far one pass can shift one such candidate against another", () => {
    fc.assert(
      fc.property(judge, ([worths, slots]) => {
        const n = worths.length;
        const runs = cyclicOrders(n, n).map(ask(worths, slots));
        const { biasBound, scores } = averageOverOrders(runs);
        for (const run of runs) {
          for (const [slot, candidate] of run.order.entries()) {
            const shift = run.scores[slot]! - run.scores[0]! - (scores[candidate]! - scores[run.order[0]!]!);
            assert.ok(Math.abs(shift) <= biasBound + 1e-9);
          }
        }
      }),
    );
  });

  it("finds no bias, and no flip, where all scores are equal or order plays no part", () => {
    const equal = averageOverOrders(cyclicOrders(3, 3).map(ask([0.03, 0.03, 0.03], [0, 0, 0])));
    assert.deepEqual([equal.slotShare, equal.candidateShare, equal.flipRate], [0, 0, 0]);
    const fair = averageOverOrders(cyclicOrders(3, 3).map(ask([1, 3, 2], [0, 0, 0])));
    assert.ok(fair.slotShare < 1e-12 && fair.flipRate === 0 && fair.biasBound < 1e-12 && !isOrderBiased(fair));
  });

  it("takes off each run's own level when asked to", () => {
    const runs = cyclicOrders(2, 2).map(ask([1, 0], [0, 0]));
    const lifted = runs.map(({ order, scores }, run) => ({ order, scores: scores.map((x) => x + 10 * run) }));
    assert.deepEqual(averageOverOrders(lifted, { centre: true }).scores, averageOverOrders(runs, { centre: true }).scores);
  });

  it("says when slots were not shared equally", () => {
    assert.ok(!averageOverOrders(cyclicOrders(4, 2).map(ask([1, 2, 3, 4], [0, 0, 0, 0]))).balanced);
  });

  it("refuses runs over different candidates, and a score that is not finite", () => {
    refuses("REQUEST_INVALID", () => averageOverOrders([]));
    for (const order of [[0, 0], [0, 2], [0], [0, 0.5]]) refuses("REQUEST_INVALID", () => averageOverOrders([{ order, scores: [1, 2] }]));
    refuses("SCORE_NOT_FINITE", () => averageOverOrders([{ order: [0, 1], scores: [1, Number.NaN] }]));
  });
});

describe("isOrderBiased and withoutSlotEffects", () => {
  it("call a judge biased when slots explain over a tenth or one run in five flips", () => {
    assert.ok(isOrderBiased({ slotShare: 0.11, flipRate: 0 }) && isOrderBiased({ slotShare: 0, flipRate: 0.21 }));
    assert.ok(!isOrderBiased({ slotShare: 0.1, flipRate: 0.2 }));
  });

  it("take known slot effects off a single pass, and refuse where one is not known", () => {
    fc.assert(
      fc.property(judge, ([worths, slots]) => {
        const order = [...worths.keys()].reverse();
        const free = withoutSlotEffects(ask(worths, slots)(order).scores, slots);
        for (const [slot, candidate] of order.entries()) assert.ok(close(free[slot]!, worths[candidate]!, 1e-9));
      }),
    );
    refuses("CONFIG_INVALID", () => withoutSlotEffects([1, 2], [0.5]));
  });
});
