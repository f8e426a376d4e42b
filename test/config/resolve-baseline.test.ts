import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import type { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import { isRouter, type Panel } from "../../src/domain/panel.ts";
import { digestPrompt } from "../../src/engine/digest.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { rewardItems } from "../../src/engine/panel-reward.ts";
import { sigmoid } from "../../src/reward/numerics.ts";
import { OBJECTIVES_MANIFEST, temporaryFolder, writeBundle } from "../support/bundle.ts";
import { itemOf } from "../support/scripted.ts";

const folder = temporaryFolder();
const KNOWN = itemOf("known", ["a", "b"]);

const PLAIN = `apiVersion: rewardgate/v1
backends:
  local: { type: onnx }
judges:
  reward: { bundle: models/reward, backend: local }
  objectives: { bundle: models/objectives, backend: local }
`;
const HEAD = `${PLAIN}references:
  sft: { file: refs/sft.json }
  value: { file: refs/value.json }
  stale: { file: refs/stale.json }
  spread: { file: refs/spread.json }
`;

async function panelOf(text: string, head = HEAD): Promise<Panel> {
  const file = folder.write("rewardgate.yaml", `${head}panels:\n  p:\n${text.replace(/^/gm, "    ")}\n`);
  const [panel] = (await resolve(await loadConfig({ file, variables: {} }))).panels;
  assert.ok(panel !== undefined && !isRouter(panel));
  return panel;
}

const gated = (baseline: string, more = "") =>
  `members: [{ judge: reward, weight: 2 }, { judge: objectives, standing: shadow }${more}]
constraints: { judges: [{ judge: objectives, objective: helpfulness, atLeast: 0 }], baseline: ${baseline}, reward: calibrated }`;

before(async () => {
  writeBundle(folder, "reward");
  writeBundle(folder, "objectives", { manifest: OBJECTIVES_MANIFEST });
  const [member] = (await panelOf("members: [{ judge: reward }]", PLAIN)).members;
  const reading = { judge: "reward", judgeRevision: member!.judge.revision, calibration: member!.calibration!.revision, space: "logit" };
  const artefact = (kind: string, entry: object, more: object = {}) =>
    JSON.stringify({
      apiVersion: "rewardgate/v1",
      kind,
      name: "sft",
      created: "2026-01-31",
      rewardgate: "0.1.0",
      asked: { panel: "p" },
      data: { name: "sft.jsonl", sha256: "0".repeat(64), side: "chosen", records: 3, completions: 3 },
      readings: [{ ...reading, ...entry }],
      ...more,
    });
  const responses = { [digestPrompt(KNOWN.prompt)]: [0.5, 1.5] };
  folder.write("refs/sft.json", artefact("responses", { responses }));
  folder.write("refs/stale.json", artefact("responses", { responses, judgeRevision: "another" }));
  folder.write("refs/value.json", artefact("value", { value: 3 }, { rule: { method: "mean" } }));
  folder.write("refs/spread.json", artefact("distribution", { raw: [0, 1], calibrated: [0, 1] }));
});
after(() => folder.remove());

function scored(value: number): Judgement {
  const raw = { outcome: "scored", value, objectives: Float64Array.of(1, 1, 1), gating: Float64Array.of(1, 0, 0) } as const;
  return { outcome: "scored", raw, cached: false, tokens: 1, truncation: undefined };
}

/** The candidates of an item; the reward judge says `scores`, every gate holds, and baselines come last. */
function rewarded(panel: Panel, item: Item, scores: readonly number[]) {
  const rows = panel.judges.map(({ name }) => scores.map((score) => scored(name === "reward" ? score : 1)));
  return rewardItems(panel, [{ item, rows }], { detail: "full", states: new Map() })[0]!.candidates;
}

describe("a baseline out of a reference artefact", () => {
  it("is the mean reward of the reference completions of the item's prompt, under the panel's own weights", async () => {
    const panel = await panelOf(gated("{ artefact: sft }"));
    const calibrate = (score: number) => panel.members[0]!.calibration!.apply(score);
    const [first] = rewarded(panel, KNOWN, [2, 0]);
    assert.ok(Math.abs(first!.reward! - sigmoid(2 * calibrate(2) - 2)) < 1e-12);
    const [fixed] = rewarded(await panelOf(gated("{ artefact: value }")), KNOWN, [2, 0]);
    assert.ok(Math.abs(fixed!.reward! - sigmoid(2 * calibrate(2) - 6)) < 1e-12);
  });

  it("gives way to baselines that the item brings, and fails an item whose prompt it does not know", async () => {
    const panel = await panelOf(gated("{ artefact: sft }"));
    const calibrate = (score: number) => panel.members[0]!.calibration!.apply(score);
    const own = { ...KNOWN, baselines: [{ content: "base" }] };
    const [first] = rewarded(panel, own, [2, 0, 5]);
    assert.ok(Math.abs(first!.reward! - sigmoid(2 * calibrate(2) - 2 * calibrate(5))) < 1e-12);
    const other = { ...KNOWN, prompt: [{ role: "user", content: "never seen" }] } as const;
    const [failed] = rewarded(panel, other, [2, 0]);
    assert.deepEqual([failed!.status, failed!.failure!.reason], ["failed", "REFERENCE_MISSING"]);
  });

  it("is part of the panel's revision", async () => {
    const { revision } = await panelOf(gated("{ artefact: sft }"));
    assert.notEqual((await panelOf(gated("{ artefact: value }"))).revision, revision);
    assert.notEqual((await panelOf(gated("item"))).revision, revision);
  });

  for (const [what, panel, path, says] of [
    ["that is stale", gated("{ artefact: stale }"), "baseline.artefact", /is stale: judge "reward" was of revision another/],
    ["that is not there", gated("{ artefact: sfft }"), "baseline.artefact", /no reference "sfft"; did you mean sft\?/],
    ["of scores that belong to no completion", gated("{ artefact: spread }"), "baseline.artefact", /is a distribution/],
    [
      "that lacks a member",
      gated("{ artefact: sft }", ", { name: second, judge: objectives }"),
      "baseline.artefact",
      /has no entry for judge "objectives"/,
    ],
    [
      "under a transform that reads lengths",
      gated("{ artefact: sft }").replace("weight: 2", "transforms: [{ method: lengthCharge, free: 1, perToken: 1 }]"),
      "baseline.artefact",
      /reads lengths/,
    ],
  ] as const) {
    it(`is refused: one ${what}`, async () => {
      await assert.rejects(panelOf(panel), (error: GatewayError) => {
        const found = error.details.problems!.map((problem) => `${problem.path}: ${problem.cause}; ${problem.remedy}`);
        assert.equal(found.length, 1, found.join("\n"));
        assert.match(found[0]!, says);
        assert.ok(found[0]!.startsWith(`panels.p.constraints.${path}`), found[0]!);
        return true;
      });
    });
  }
});
