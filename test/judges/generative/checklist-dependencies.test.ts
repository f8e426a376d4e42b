import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { creditDependencies, dependencyOrder } from "../../../src/judges/generative/checklist-dependencies.ts";
import { close } from "../../support/vectors.ts";

const on = (...dependsOn: number[]) => ({ weight: 1, dependsOn });
const refuses = (run: () => unknown, message: RegExp) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID" && message.test(error.message));

/** Items that depend on items before them, and full answers to them. */
const trajectory = fc.integer({ min: 1, max: 5 }).chain((items) =>
  fc.record({
    items: fc.tuple(
      ...Array.from({ length: items }, (_, k) =>
        fc.record({ weight: fc.double({ min: 0.1, max: 3, noNaN: true }), dependsOn: fc.subarray([...Array(k).keys()]) }),
      ),
    ),
    steps: fc.array(fc.array(fc.boolean(), { minLength: items, maxLength: items }), { maxLength: 6 }),
  }),
);

describe("creditDependencies", () => {
  it("credits an item only after all that it depends on, and earns within [0, 1]", () => {
    fc.assert(
      fc.property(trajectory, fc.double({ min: 0.1, max: 1, noNaN: true }), ({ items, steps }, eta) => {
        const { items: earned, score } = creditDependencies(items, steps, eta);
        for (const [k, { dependsOn }] of items.entries()) {
          assert.ok(earned[k]! >= 0 && earned[k]! <= 1);
          if (earned[k]! > 0) for (const other of dependsOn) assert.ok(earned[other]! > 0);
        }
        const total = items.reduce((sum, { weight }) => sum + weight, 0);
        const expected = items.reduce((sum, { weight }, k) => sum + (weight * earned[k]!) / total, 0);
        assert.ok(close(score!, expected, 1e-9));
        assert.ok(creditDependencies(items, steps, 1).score! >= score! - 1e-12, "delay never earns more");
      }),
    );
  });

  it("charges the steps that passed since an item could be credited, and no two at one step along a chain", () => {
    const steps = [
      [true, true, true],
      [false, false, true],
      [false, true, false],
      [false, false, true],
    ];
    assert.deepEqual(creditDependencies([on(), on(0), on(1)], steps, 0.5).items, [1, 0.5, 1]);
  });

  it("leaves open what a missing answer decides, and what depends on it, and shares their weight among the rest", () => {
    const steps = [
      [null, true, false],
      [false, true, true],
    ];
    assert.deepEqual(creditDependencies([on(), on(0), on()], steps, 1), { items: [null, null, 1], score: 1 });
    assert.deepEqual(creditDependencies([on()], [[null], [true]], 0.5).items, [0.5], "a later credit is sure");
    assert.equal(creditDependencies([on()], [[null]], 1).score, null);
  });

  it("refuses circles, unknown items and answers that do not fit", () => {
    refuses(() => creditDependencies([on(0)], [], 1), /circle/);
    refuses(() => creditDependencies([on(), on(2), on(1)], [], 1), /item 1 can never/);
    refuses(() => creditDependencies([on(3)], [], 1), /item 3, which does not exist/);
    refuses(() => creditDependencies([on(-1)], [], 1), /does not exist/);
    refuses(() => creditDependencies([on(), on()], [[true]], 1), /answer/);
  });
});

describe("dependencyOrder", () => {
  it("puts every item behind what it depends on, in long chains too", () => {
    const chain = Array.from({ length: 20_000 }, (_, k) => (k === 19_999 ? on() : on(k + 1)));
    assert.deepEqual(dependencyOrder(chain).slice(0, 2), [19_999, 19_998]);
    assert.deepEqual(dependencyOrder([on(1, 1), on()]), [1, 0]);
  });
});
