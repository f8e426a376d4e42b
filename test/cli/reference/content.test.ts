import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { distributionsOf, type ReadingScores, responsesOf, valuesOf } from "../../../src/cli/reference/content.ts";
import { memberOf, scriptedJudge } from "../../support/scripted.ts";

const scores: ReadingScores = {
  reading: memberOf(scriptedJudge({ name: "j" }), {}),
  objective: undefined,
  raw: [3, 1, 2, 4],
  calibrated: [30, 10, 20, 40],
  prompts: ["a", "b", "a", "c"],
};

describe("content of reference artefacts", () => {
  it("values are the quantile or the mean of the calibrated scores, tied to the judge's revision", () => {
    const [entry] = valuesOf([scores], { method: "quantile", q: 0.5 });
    assert.deepEqual(entry, { judge: "j", judgeRevision: "j@1", calibration: "none", space: "logit", value: 25 });
    assert.equal(valuesOf([scores], { method: "mean" })[0]!.value, 25);
  });

  it("responses keep the scores of each prompt together", () => {
    assert.deepEqual(responsesOf([{ ...scores, objective: "kindness" }])[0]!.responses, { a: [30, 20], b: [10], c: [40] });
    assert.equal(responsesOf([{ ...scores, objective: "kindness" }])[0]!.objective, "kindness");
  });

  it("distributions are sorted, and many scores become 1,001 quantiles", () => {
    const [few] = distributionsOf([scores]);
    assert.deepEqual(
      [few!.raw, few!.calibrated],
      [
        [1, 2, 3, 4],
        [10, 20, 30, 40],
      ],
    );
    const many = Array.from({ length: 5_001 }, (_, i) => 5_000 - i);
    const [grid] = distributionsOf([{ ...scores, raw: many, calibrated: many }]);
    assert.deepEqual([grid!.raw.length, grid!.raw[0], grid!.raw[500], grid!.raw[1_000]], [1_001, 0, 2_500, 5_000]);
  });
});
