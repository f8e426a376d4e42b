import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { addOn, hybrid } from "../../../src/reward/aggregation/hybrid.ts";

describe("hybrid", () => {
  it("takes the rule from the stated confidence on, and the blend just below", () => {
    assert.deepEqual(hybrid({ rule: 1, model: 0, ruleConfidence: 0.9 }, 0.9), { source: "rule", score: 1 });
    assert.deepEqual(hybrid({ rule: 1, model: 0, ruleConfidence: 0.89 }, 0.9), { source: "blend", score: 0.89 });
    assert.deepEqual(hybrid({ rule: null, model: 0.7, ruleConfidence: 1 }, 0.9), { source: "model", score: 0.7 });
  });

  it("gives no score where the model is needed and has none", () => {
    assert.equal(hybrid({ rule: 1, model: null, ruleConfidence: 0.4 }, 0.9).source, "none");
    assert.equal(hybrid({ rule: null, model: null, ruleConfidence: 0 }, 0.9).score, undefined);
    assert.equal(hybrid({ rule: 1, model: null, ruleConfidence: 1 }, 0.9).score, 1);
  });

  it("refuses NaN", () => {
    assert.throws(
      () => hybrid({ rule: Number.NaN, model: 1, ruleConfidence: 1 }, 0.9),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  });

  it("addOn asks the model only where the rule says wrong or nothing", () => {
    assert.deepEqual(addOn({ rule: 1, model: 0.2 }, 1), { source: "rule", score: 1 });
    assert.deepEqual(addOn({ rule: 0, model: 0.2 }, 1), { source: "model", score: 0.2 });
    assert.deepEqual(addOn({ rule: null, model: 0.2 }, 1), { source: "model", score: 0.2 });
    assert.equal(addOn({ rule: 0, model: null }, 1).source, "none");
  });
});
