import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Message } from "../../src/domain/item.ts";
import type { Transform } from "../../src/domain/reward.ts";
import { digestPrompt } from "../../src/engine/digest.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { readColumn } from "../../src/engine/score-column.ts";
import { memberOf, scriptedJudge } from "../support/scripted.ts";

const PROMPT: readonly Message[] = [{ role: "user", content: "known" }];

const scored = (value: number): Judgement => ({
  outcome: "scored",
  raw: { outcome: "scored", value },
  cached: false,
  tokens: 1,
  truncation: undefined,
});

/** score − mean of the references, with scores for one prompt in an artefact. */
const overResponses: Transform = {
  name: "centred",
  spaceIn: "logit",
  spaceOut: "logit",
  revision: "centred@1",
  reads: "baselines",
  responses: { artefact: "sft", byPrompt: new Map([[digestPrompt(PROMPT), Float64Array.of(1, 3)]]) },
  apply: (scores, { baselines }) => scores.map((score) => score - baselines!.reduce((a, b) => a + b) / baselines!.length),
};

const member = memberOf(scriptedJudge({}), { transforms: [overResponses] });
const context = { steering: undefined, candidates: [{ content: "a" }, { content: "b" }], states: new Map(), baselines: [] };

describe("readColumn(reading, row, context) with scores of reference completions per prompt", () => {
  it("compares with those of the item's prompt", () => {
    assert.deepEqual(readColumn(member, [scored(5)], { ...context, prompt: PROMPT }).transformed, [3]);
  });

  it("lets the baselines of the request win", () => {
    const column = readColumn(member, [scored(5)], { ...context, prompt: PROMPT, baselines: [scored(4)] });
    assert.deepEqual(column.transformed, [1]);
  });

  it("fails every candidate of a prompt that is in neither, with what to do and no number", () => {
    const column = readColumn(member, [scored(5), scored(6)], { ...context, prompt: [{ role: "user", content: "unknown" }] });
    assert.deepEqual(column.transformed, [undefined, undefined]);
    for (const judgement of column.judgements) {
      assert.ok(judgement.outcome === "failed");
      assert.equal(judgement.failure.reason, "REFERENCE_MISSING");
      assert.match(judgement.failure.message, /the reference "sft" does not know its prompt: send item\.baselines, or build/);
      assert.doesNotMatch(judgement.failure.message, /unknown/);
    }
  });

  it("says of baselines whose calibrated scores are no numbers that this is so, and not that there are none", () => {
    const calibration = {
      method: "m",
      spaceIn: "logit",
      spaceOut: "logit",
      revision: "m@1",
      apply: (score: number) => (score < 0 ? NaN : score),
    } as const;
    const baselines = [scored(-1), scored(-2)];
    const [judgement] = readColumn({ ...member, calibration }, [scored(5)], { ...context, prompt: PROMPT, baselines }).judgements;
    assert.ok(judgement!.outcome === "failed");
    assert.equal(judgement!.failure.reason, "SCORE_NOT_FINITE");
    assert.match(
      judgement!.failure.message,
      /no baseline of the item could be scored: the calibration of judge "judge" gave a number that is not finite/,
    );
  });
});
