import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SCORE_SPACES } from "../../src/domain/score-space.ts";
import { type ChainStep, followChain, waysTo } from "../../src/reward/spaces.ts";

const centring: ChainStep = {
  path: ["transforms", 0],
  label: "logSigmoidCentred",
  accepts: ["logit"],
  spaceOut: () => "logProbability",
};

describe("spaces", () => {
  it("followChain(start, steps) gives the space after the last step and the one that each step takes", () => {
    assert.deepEqual(followChain("native", []), { space: "native", taken: [] });
    assert.deepEqual(followChain("logit", [centring]), { space: "logProbability", taken: ["logit"] });
  });

  it("followChain names the step that does not fit, both spaces and a way out", () => {
    const result = followChain("probability", [centring]);
    assert.ok("broken" in result);
    assert.deepEqual(result.broken.path, ["transforms", 0]);
    assert.match(result.broken.cause, /takes logit and gets probability/);
    assert.match(result.broken.remedy, /calibration affine with spaceOut: logit/);
  });

  it("waysTo says something for every pair of spaces", () => {
    for (const from of SCORE_SPACES) for (const to of SCORE_SPACES) assert.ok(waysTo(from, [to]).length > 0, `${from} → ${to}`);
  });
});
