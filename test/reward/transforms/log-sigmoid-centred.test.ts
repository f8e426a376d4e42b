import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { centreLogSigmoid, logSigmoidCentred } from "../../../src/reward/transforms/log-sigmoid-centred.ts";
import { close } from "../../support/vectors.ts";

describe("logSigmoidCentred", () => {
  it("centreLogSigmoid does not move when scores and reference shift together", () => {
    const scores = Float64Array.of(-3, 0, 4);
    const shifted = centreLogSigmoid(
      scores.map((s) => s + 7.5),
      9,
    );
    for (const [i, value] of centreLogSigmoid(scores, 1.5).entries()) assert.ok(close(shifted[i]!, value, 1e-12));
  });

  it("create resolves a reference that is given as scores of completions", () => {
    const params = logSigmoidCentred.params.parse({ reference: { method: "quantile", scores: [0, 1, 2], q: 0.5 } });
    const transform = logSigmoidCentred.create(params, { spaceIn: "logit", revision: "r", judge: "j" });
    assert.ok(close(transform.apply(Float64Array.of(1), {})[0]!, -Math.LN2, 1e-12));
    assert.equal(transform.spaceOut, "logProbability");
  });
});
