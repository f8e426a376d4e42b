import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/domain/errors.ts";
import { referenceParams, referenceReward, resolveReference } from "../../src/reward/reference.ts";
import { close } from "../support/vectors.ts";

const scores = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 30 });
const RULES = [
  { method: "quantile", q: 0.85 },
  { method: "normalQuantile", q: 0.85, ddof: 1, stdEpsilon: 1e-5 },
  { method: "mean" },
] as const;

describe("reference", () => {
  it("referenceReward moves with the scores and does not depend on their order", () => {
    fc.assert(
      fc.property(scores, fc.double({ min: -50, max: 50, noNaN: true }), (xs, by) => {
        for (const rule of RULES) {
          const value = referenceReward(xs, rule);
          assert.ok(
            close(
              referenceReward(
                xs.map((x) => x + by),
                rule,
              ),
              value + by,
              1e-9,
            ),
            rule.method,
          );
          assert.ok(close(referenceReward(xs.toReversed(), rule), value, 1e-12), rule.method);
        }
      }),
    );
  });

  it("referenceReward of one score is that score, but for the epsilon of the normal quantile", () => {
    for (const rule of RULES) assert.ok(Math.abs(referenceReward([2], rule) - 2) < 1.1e-5, rule.method);
  });

  it("referenceReward refuses to make a reference of nothing", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REFERENCE_MISSING";
    for (const rule of RULES) assert.throws(() => referenceReward([], rule), refused);
  });

  it("resolveReference takes a number as it is and fills in the usual parameters", () => {
    assert.equal(resolveReference(referenceParams.parse(-1.5)), -1.5);
    const reference = referenceParams.parse({ method: "normalQuantile", scores: [1, 2, 3] });
    assert.deepEqual(reference, { method: "normalQuantile", scores: [1, 2, 3], q: 0.85, ddof: 1, stdEpsilon: 1e-5 });
    assert.ok(close(resolveReference(reference), 2 + 1.0364333894937898 * (1 + 1e-5), 1e-12));
    assert.equal(referenceParams.safeParse({ method: "mean", scores: [] }).success, false);
  });
});
