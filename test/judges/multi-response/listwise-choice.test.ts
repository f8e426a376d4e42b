import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { listwiseChoice, listwiseLoss } from "../../../src/judges/multi-response/listwise-choice.ts";
import { logSigmoid } from "../../../src/reward/numerics.ts";
import { close } from "../../support/vectors.ts";

const logit = fc.double({ min: -30, max: 30, noNaN: true });
const scores = fc.array(logit, { minLength: 1, maxLength: 8 });

describe("listwiseChoice and listwiseLoss", () => {
  it("sum to 1, follow a permutation of the candidates, and ignore what is added to all of them", () => {
    fc.assert(
      fc.property(scores, logit, (list, shift) => {
        const { probabilities } = listwiseChoice(list);
        assert.ok(
          close(
            probabilities.reduce((a, b) => a + b),
            1,
            1e-12,
          ),
        );
        const shifted = listwiseChoice(list.map((score) => score + shift)).probabilities;
        const reversed = listwiseChoice(list.toReversed()).probabilities.reverse();
        for (const [i, p] of probabilities.entries()) {
          assert.ok(close(shifted[i]!, p, 1e-9) && close(reversed[i]!, p, 1e-12));
          assert.ok(close(Math.exp(-listwiseLoss(list, i)), p, 1e-9));
        }
      }),
    );
  });

  it("are Bradley–Terry for two candidates, and certain for one", () => {
    fc.assert(fc.property(logit, logit, (a, b) => assert.ok(close(listwiseLoss([a, b], 0), -logSigmoid(a - b), 1e-9))));
    assert.equal(listwiseLoss([5], 0), 0);
    assert.deepEqual(listwiseChoice([5]), { probabilities: Float64Array.of(1), best: 0 });
  });

  it("are uniform over equal scores, of which the first is best", () => {
    assert.deepEqual(listwiseChoice([2, 2, 2, 2]), { probabilities: new Float64Array(4).fill(0.25), best: 0 });
  });

  it("refuse the whole pass when one of its scores is not finite", () => {
    for (const run of [() => listwiseChoice([1, Number.NaN]), () => listwiseLoss([1, Infinity], 0)])
      assert.throws(run, (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE");
  });
});
