import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { softmax } from "../../../src/reward/numerics.ts";
import { hedge } from "../../../src/reward/routing/hedge.ts";
import { headLosses, mixturePreference, mixtureScore } from "../../../src/reward/routing/mixture-heads.ts";
import { close } from "../../support/vectors.ts";

const rewards = fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 3, maxLength: 3 });

describe("mixture of heads", () => {
  it("prefers a to b as much as it does not prefer b to a", () => {
    fc.assert(
      fc.property(rewards, rewards, rewards, (logits, a, b) => {
        const weights = softmax(logits);
        const sum = mixturePreference(weights, a, b).probability + mixturePreference(weights, b, a).probability;
        assert.ok(close(sum, 1, 1e-12));
      }),
    );
  });

  it("with all weight on one head is that head", () => {
    const { probability } = mixturePreference([0, 1], [9, 0], [0, 0]);
    assert.equal(probability, 0.5);
    assert.equal(mixtureScore([0, 1], [9, 2]).linear, 2);
  });

  it("keeps the log-sigmoid score finite where a sigmoid would be 0", () => {
    assert.ok(close(mixtureScore([1], [-1000]).logSigmoid, -1000, 1e-12));
  });

  it("moves its weights to the head that agrees with the feedback", () => {
    const losses = headLosses([2, -1], [0, 1]);
    assert.ok(losses[0]! < Math.LN2 && losses[1]! > Math.LN2);
    const after = hedge([0.5, 0.5], [...losses], 1);
    assert.ok(after[0]! > 0.8 && close(after[0]! / after[1]!, Math.exp(losses[1]! - losses[0]!), 1e-9));
  });
});
