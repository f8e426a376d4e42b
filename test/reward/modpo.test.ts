import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { marginTerms } from "../../src/reward/modpo.ts";
import { close } from "../support/vectors.ts";

const chosen = { logRatio: 2, margins: Float64Array.of(0.9) };
const rejected = { logRatio: -1, margins: Float64Array.of(0.2) };

describe("marginTerms(chosen, rejected, options)", () => {
  it("turns its logit around when the sides change places", () => {
    const options = { weights: Float64Array.of(0.6, 0.4), beta: 0.1 };
    const there = marginTerms(chosen, rejected, options);
    const back = marginTerms(rejected, chosen, options);
    assert.ok(close(back.logit, -there.logit, 1e-12));
    assert.ok(close(Math.exp(-there.loss) + Math.exp(-back.loss), 1, 1e-12));
  });

  it("keeps a finite loss where the probability underflows", () => {
    const { loss } = marginTerms({ ...chosen, logRatio: -1e6 }, rejected, { weights: Float64Array.of(1, 0), beta: 1 });
    assert.ok(close(loss, 999_999, 1e-12));
  });

  it("refuses a weight of 0 for the objective that is being learnt", () => {
    assert.throws(
      () => marginTerms(chosen, rejected, { weights: Float64Array.of(0, 1), beta: 0.1 }),
      (error) => error instanceof GatewayError && error.reason === "REQUEST_INVALID",
    );
  });
});
