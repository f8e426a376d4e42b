import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Item } from "../../src/domain/item.ts";
import type { PanelReference } from "../../src/domain/panel.ts";
import { digestPrompt } from "../../src/engine/digest.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { weighItem } from "../../src/engine/weigh-item.ts";
import { constrainingParams, createConstraining } from "../../src/reward/constraints/constraining.ts";
import { sigmoid } from "../../src/reward/numerics.ts";
import { itemOf, memberOf, panelOf, scriptedJudge } from "../support/scripted.ts";

function scored(value: number): Judgement {
  return { outcome: "scored", raw: { outcome: "scored", value }, cached: false, tokens: 1, truncation: undefined };
}
const GONE: Judgement = { outcome: "failed", failure: { reason: "BACKEND_UNAVAILABLE", message: "gone", retryable: true } };

/** Weighs two candidates, of 3 and 1 unless told otherwise, whose reward is σ(score − baseline); the gate holds for both. */
function weigh(baselines: readonly Judgement[] = [], reference?: PanelReference, own: readonly Judgement[] = [scored(3), scored(1)]) {
  const rule = createConstraining(constrainingParams.parse({ baseline: "item", reward: "calibrated" }), "logit", "r");
  const [judge, watcher, gate] = ["judge", "watcher", "gate"].map((name) => scriptedJudge({ name }));
  const readings = [{ ...memberOf(gate!), name: "gate", bound: { atLeast: 0 }, notApplicable: "unknown" } as const];
  const constraints = { readings, rule, ...(reference && { reference }) };
  const panel = panelOf([memberOf(judge!), memberOf(watcher!, { standing: "shadow", weight: 0 })], { readsBaselines: true, constraints });
  const item: Item = { ...itemOf("i", ["a", "b"]), baselines: baselines.map((_, index) => ({ content: `baseline ${index}` })) };
  const rows = [
    [...own, ...baselines],
    [GONE, GONE, ...baselines.map(() => GONE)],
    [scored(1), scored(1), ...baselines.map(() => scored(1))],
  ];
  const { rewards, failures } = weighItem(panel, { item, rows }, { states: new Map() });
  return { rewards, failures };
}

describe("weighItem(panel, judged, weighing) under constraints that compare with baselines", () => {
  it("compares with the mean of the baselines that have a reward", () => {
    const { rewards, failures } = weigh([scored(1), GONE, scored(2)]);
    assert.deepEqual(rewards, [sigmoid(1.5), sigmoid(-0.5)]);
    assert.deepEqual(failures, [undefined, undefined]);
  });

  it("gives a candidate that its judge failed no reward, with the judge's own failure", () => {
    const { rewards, failures } = weigh([scored(1)], undefined, [GONE, scored(1)]);
    assert.deepEqual(rewards, [null, sigmoid(0)]);
    assert.deepEqual([failures[0]!.message, failures[1]], ['judge "judge": gone', undefined]);
  });

  it("gives no candidate a reward where no baseline has one, and says why", () => {
    const { rewards, failures } = weigh([GONE, GONE]);
    assert.deepEqual(rewards, [null, null]);
    const message = 'no baseline of the item has a reward: judge "judge": gone';
    for (const failure of failures) assert.deepEqual(failure, { reason: "BACKEND_UNAVAILABLE", message, retryable: true });
  });

  it("gives no candidate of an item without baselines a reward, and says what to send", () => {
    const { rewards, failures } = weigh();
    assert.deepEqual(rewards, [null, null]);
    for (const failure of failures) {
      assert.equal(failure!.reason, "REFERENCE_MISSING");
      assert.match(failure!.message, /there is none: send item\.baselines/);
    }
  });

  it("takes what the reference knows of the prompt for baselines that an item does not bring, and for no others", () => {
    const scoresOf = (digest: string) =>
      digest === digestPrompt(itemOf("i", []).prompt) ? [Float64Array.of(1, 3), new Float64Array()] : undefined;
    assert.deepEqual(weigh([], { artefact: "sft", scoresOf }).rewards, [sigmoid(1), sigmoid(-1)]);
    assert.deepEqual(weigh([scored(1)], { artefact: "sft", scoresOf }).rewards, [sigmoid(2), sigmoid(0)]);
    const { rewards, failures } = weigh([], { artefact: "sft", scoresOf: () => undefined });
    assert.deepEqual(rewards, [null, null]);
    assert.equal(failures[0]!.reason, "REFERENCE_MISSING");
    assert.match(failures[0]!.message, /the reference "sft" does not know its prompt/);
  });
});
