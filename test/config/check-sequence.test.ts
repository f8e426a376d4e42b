import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { isRouter, type Panel } from "../../src/domain/panel.ts";
import { temporaryFolder } from "../support/bundle.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const HEAD = `apiVersion: rewardgate/v1
judges:
  right: { rule: exact }
  form: { rule: format, tags: [answer] }
  short: { rule: lengthBand, unit: words, min: 1, max: 9 }
states:
  scale: { kind: runningScale, judges: [short] }
panels:
  p: `;
const NATIVE = "calibration: { method: affine, slope: 2, intercept: 0 }";
const LOGIT = "calibration: { method: affine, slope: 2, intercept: 0, spaceOut: logit }";
const MEMBERS = "members: [{ judge: right }, { judge: form }, { judge: short, stage: 1 }]";

async function resolved(panel: string): Promise<Panel> {
  const file = folder.write("rewardgate.yaml", `${HEAD}{ ${panel} }\n`);
  const [made] = (await resolve(await loadConfig({ file, variables: {} }))).panels;
  assert.ok(made !== undefined && !isRouter(made));
  return made;
}

async function problems(panel: string): Promise<string[]> {
  try {
    await resolved(panel);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`);
  }
  return [];
}

describe("a panel in stages", () => {
  it("lets what only watches a later judge read it when it is asked", async () => {
    const shadow = "{ judge: short, name: seen, standing: shadow }";
    const panel = await resolved(`members: [{ judge: right }, { judge: short, stage: 1 }, ${shadow}], sequence: { margin: 1 }`);
    assert.equal(panel.judges.length, 2);
  });

  it("has the stage of each member and what leaves an item open, and both are in its revision", async () => {
    const rules = "threshold: 0.5, best: true, margin: 0.5, band: { from: 0.2, to: 0.4 }, conflict: 1";
    const panel = await resolved(`${MEMBERS}, aggregation: { method: weightedMean }, sequence: { ${rules} }`);
    assert.deepEqual(
      panel.members.map(({ stage }) => stage),
      [0, 0, 1],
    );
    assert.deepEqual(panel.sequence, { threshold: 0.5, best: true, margin: 0.5, band: { from: 0.2, to: 0.4 }, conflict: 1 });
    assert.deepEqual(panel.members[2]!.bounds, { lo: 0, hi: 1 });
    const others = [`${MEMBERS}, sequence: { margin: 0.6 }`, `${MEMBERS.replace("stage: 1", "stage: 2")}, sequence: { margin: 0.5 }`];
    const revisions = new Set([panel.revision]);
    for (const other of others) revisions.add((await resolved(other)).revision);
    assert.equal(revisions.size, 3);
  });

  for (const [what, panel, says] of [
    ["stages that nothing leads to", MEMBERS, /^panels\.p\.members\[2\]\.stage: nothing says when .*; state sequence/],
    [
      "a sequence of one stage",
      "members: [{ judge: right }], sequence: { margin: 1 }",
      /^panels\.p\.sequence: every member is asked at once/,
    ],
    [
      "a sequence that leaves nothing open",
      `${MEMBERS}, sequence: {}`,
      /^panels\.p\.sequence: it leaves no item open; state a threshold, best/,
    ],
    ["a band that ends before its start", `${MEMBERS}, sequence: { band: { from: 1, to: 0 } }`, /^panels\.p\.sequence\.band: it ends at 0/],
    [
      "a later shadow",
      "members: [{ judge: right }, { judge: form, stage: 1 }, { judge: short, standing: shadow, stage: 1 }], sequence: { margin: 1 }",
      /^panels\.p\.members\[2\]\.stage: a shadow waits for nobody/,
    ],
    [
      "a later member that is required",
      "members: [{ judge: right }, { judge: short, stage: 1, required: true }], sequence: { margin: 1 }",
      /^panels\.p\.members\[1\]\.required: a required member cannot be left unasked/,
    ],
    [
      "a judge that another member has asked already",
      "members: [{ judge: right }, { judge: short, stage: 1 }, { judge: short, name: seen }], sequence: { margin: 1 }",
      /^panels\.p\.members\[1\]\.stage: judge "short" is asked before this stage anyway/,
    ],
    [
      "a judge that gates",
      "members: [{ judge: right }, { judge: short, stage: 1 }], constraints: { judges: [{ judge: short, atLeast: 1 }] }, sequence: { margin: 1 }",
      /^panels\.p\.members\[1\]\.stage: judge "short" is asked before this stage anyway/,
    ],
    [
      "nobody with a weight at once",
      "members: [{ judge: right, weight: 0 }, { judge: short, stage: 1 }], sequence: { margin: 1 }",
      /^panels\.p\.members: no member that counts and has a weight is asked at once/,
    ],
    [
      "a conflict of one",
      "members: [{ judge: right }, { judge: short, stage: 1 }], sequence: { conflict: 1 }",
      /^panels\.p\.sequence\.conflict: one member alone contradicts nobody/,
    ],
    [
      "a conflict of scores in different spaces",
      `members: [{ judge: right }, { judge: form, ${NATIVE} }, { judge: short, stage: 1 }], aggregation: { method: borda }, sequence: { conflict: 1 }`,
      /^panels\.p\.sequence\.conflict: it would compare scores in unit and native/,
    ],
    [
      "a threshold that the reward cannot have",
      `${MEMBERS}, aggregation: { method: weightedMean }, sequence: { threshold: 7 }`,
      /^panels\.p\.sequence\.threshold: 7 is no unit, which the reward is; state a threshold in unit/,
    ],
    [
      "a threshold over an aggregation without bounds",
      `${MEMBERS}, aggregation: { method: meanMinusStd }, sequence: { threshold: 0.5 }`,
      /^panels\.p\.sequence\.threshold: meanMinusStd gives no bounds of a reward .*; use weightedSum/,
    ],
    [
      "a best of ranks, which the others' scores move",
      `${MEMBERS}, aggregation: { method: borda }, sequence: { best: true }`,
      /^panels\.p\.sequence\.best: borda gives no bounds/,
    ],
    [
      "a best with a later judge on a scale without ends",
      `members: [{ judge: right, ${NATIVE} }, { judge: short, ${NATIVE}, stage: 1 }], sequence: { best: true }`,
      /^panels\.p\.members\[1\]: its transformed score, in native, has no bounds, and sequence\.best needs them .*; calibrate it .* clip/,
    ],
    [
      "a threshold for a reward that constraints make",
      `members: [{ judge: right, ${LOGIT} }, { judge: form, ${LOGIT}, stage: 1, transforms: [{ method: clip, lo: -4, hi: 4 }] }], ` +
        "sequence: { threshold: 0.5 }, constraints: { judges: [{ judge: short, atLeast: 1 }], baseline: 0, reward: calibrated }",
      /^panels\.p\.sequence\.threshold: the reward is calibrated, which is not bounded/,
    ],
    [
      "advantages over the batch",
      `${MEMBERS}, sequence: { margin: 1 }, advantages: { method: batchStd }`,
      /^panels\.p\.advantages: advantages over all items of a request would compare/,
    ],
  ] as const) {
    it(`is refused with ${what}`, async () => {
      const found = await problems(panel);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, says);
    });
  }

  it("takes a later judge on any scale whose transforms end with clip, under threshold and best", async () => {
    const panel = await resolved(
      `members: [{ judge: right, ${NATIVE} }, { judge: short, ${NATIVE}, stage: 1, transforms: [{ method: clip, lo: -2, hi: 5 }] }], ` +
        "sequence: { threshold: 3, best: true }",
    );
    assert.deepEqual(
      panel.members.map(({ bounds }) => bounds),
      [undefined, { lo: -2, hi: 5 }],
    );
  });

  it("takes no bounds from a scale that a run moves", async () => {
    const scaled = "{ judge: short, stage: 1, transforms: [{ method: runningScale, state: scale, form: minMax }] }";
    const [said] = await problems(`members: [{ judge: right }, ${scaled}], sequence: { best: true }`);
    assert.match(said!, /^panels\.p\.members\[1\]: its transformed score, in unit, has no bounds/);
  });
});
