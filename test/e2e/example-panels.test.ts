import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { isRouter, type Panel } from "../../src/domain/panel.ts";

/** The example panels, resolved against the models that ship; no model runs. */
const FOLDER = new URL("../../examples/panels/", import.meta.url);

async function panelsOf(name: string): Promise<Record<string, Panel>> {
  const file = fileURLToPath(new URL(`${name}.yaml`, FOLDER));
  const { panels } = await resolve(await loadConfig({ file, variables: {} }));
  return Object.fromEntries(panels.flatMap((panel) => (isRouter(panel) ? [] : [[panel.name, panel] as const])));
}

/** Rewards of a group, one row of members' transformed scores per candidate. */
function rewardsOf(panel: Panel, group: readonly (readonly number[])[]): number[] {
  const entries = group.map((scores) => ({
    members: scores.map((_, member) => member),
    scores: Float64Array.from(scores),
    weights: Float64Array.from(scores, (_, member) => panel.members[member]!.weight),
  }));
  return panel.aggregation.aggregate(entries).map(({ reward }) => reward);
}

describe("the example panels", () => {
  it("are all looked at here", () => {
    const files = readdirSync(FOLDER).sort();
    assert.deepEqual(files, ["logical-and.yaml", "robust-median.yaml", "steerable-objectives.yaml", "worst-case.yaml"]);
  });

  it("worst-case follows the lower judge, in log-odds, and fails without either", async () => {
    const panels = await panelsOf("worst-case");
    const worst = panels["worst-case"]!;
    assert.deepEqual(
      rewardsOf(worst, [
        [3, -1],
        [0.5, 0.7],
      ]),
      [-1, 0.5],
    );
    assert.equal(worst.space, "logit");
    assert.ok(worst.members.every(({ onFailure }) => onFailure.policy === "fail"));
    const [soft] = rewardsOf(panels["worst-case-soft"]!, [[3, -1]]);
    assert.ok(soft! > -1 && soft! < 1);
  });

  it("logical-and cannot be bought off by one excellent judgement", async () => {
    const { "logical-and": panel } = await panelsOf("logical-and");
    assert.equal(panel!.space, "logProbability");
    const transform = (score: number) => panel!.members[0]!.transforms[0]!.apply(Float64Array.of(score), {})[0]!;
    const [lopsided, balanced] = rewardsOf(panel!, [
      [transform(10), transform(-4)],
      [transform(1), transform(1)],
    ]);
    assert.ok(balanced! > lopsided!);
    assert.ok(Math.abs(rewardsOf(panel!, [[transform(0), transform(0)]])[0]! - Math.log(0.25)) < 1e-12);
  });

  it("robust-median gives the middle, whatever one judge says, and two of three are enough", async () => {
    const { "robust-median": panel, "robust-ranks": ranks } = await panelsOf("robust-median");
    assert.deepEqual(
      rewardsOf(panel!, [
        [1, 2, 1e6],
        [1, 2, -1e6],
      ]),
      [2, 1],
    );
    assert.equal(panel!.quorum, 2);
    assert.deepEqual(
      rewardsOf(ranks!, [
        [0.1, 700, 3],
        [0.2, 900, 4],
      ]),
      [0, 1],
    );
    assert.equal(ranks!.space, "rank");
  });

  it("steerable weighs the objectives as the request says, and by the gating without a wish", async () => {
    const { steerable, "steerable-balanced": balanced } = await panelsOf("steerable-objectives");
    const [member] = steerable!.members;
    const names = member!.judge.gated!.objectives.map(({ name }) => name);
    const objectives = Float64Array.from(names, (name) => (name === "harmlessness" ? 2 : 0));
    const gating = new Float64Array(names.length).fill(1 / names.length);
    const raw = { outcome: "scored" as const, value: 0.25, objectives, gating };
    const steered = member!.scalarise(raw, { weights: { harmlessness: 1 }, mode: "override", alpha: 1 });
    assert.ok(Math.abs(steered.value - 2) < 1e-12);
    assert.equal(member!.scalarise(raw, undefined).value, 0.25);
    assert.equal(balanced!.aggregation.method, "gatedSum");
  });
});
