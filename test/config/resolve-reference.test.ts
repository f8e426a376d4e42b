import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { isRouter, type Member } from "../../src/domain/panel.ts";
import { logSigmoid, sigmoid } from "../../src/reward/numerics.ts";
import { OBJECTIVES_MANIFEST, temporaryFolder, writeBundle } from "../support/bundle.ts";
import { close } from "../support/vectors.ts";

const folder = temporaryFolder();
/** Revisions of the judges and of the calibration that both bundles ship. */
const now = { reward: "", objectives: "", calibration: "" };

const HEAD = `apiVersion: rewardgate/v1
backends:
  local: { type: onnx }
judges:
  reward: { bundle: models/reward, backend: local }
  objectives: { bundle: models/objectives, backend: local }
references:
  value: { file: refs/value.json }
  responses: { file: refs/responses.json }
  distribution: { file: refs/distribution.json }
`;

async function resolved(panel: string, head = HEAD, only?: string[]) {
  const file = folder.write("rewardgate.yaml", `${head}panels:\n  p:\n    members:\n      - ${panel}\n`);
  return resolve(await loadConfig({ file, variables: {} }), only);
}

async function member(panel: string): Promise<Member> {
  const [made] = (await resolved(panel)).panels;
  assert.ok(made !== undefined && !isRouter(made));
  return made.members[0]!;
}

async function problems(panel: string, head = HEAD, only?: string[]): Promise<string[]> {
  try {
    await resolved(panel, head, only);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`);
  }
  return [];
}

function artefact(kind: string, entry: object, more: object = {}): string {
  const reading = { judge: "reward", judgeRevision: now.reward, calibration: now.calibration, space: "logit", ...entry };
  return JSON.stringify({
    apiVersion: "rewardgate/v1",
    kind,
    name: "sft",
    created: "2026-01-31",
    rewardgate: "0.1.0",
    asked: { panel: "p" },
    data: { name: "sft.jsonl", sha256: "0".repeat(64), side: "chosen", records: 3, completions: 3 },
    readings: [reading],
    ...more,
  });
}

const RULE = { rule: { method: "quantile", q: 0.85 } };
const SPREAD = { raw: [0, 1, 2, 3], calibrated: [10, 11, 12, 13] };

function writeArtefacts(): void {
  folder.write("refs/value.json", artefact("value", { value: 1.5 }, RULE));
  folder.write("refs/responses.json", artefact("responses", { responses: { ["ab".repeat(16)]: [1, 2] } }));
  folder.write("refs/distribution.json", artefact("distribution", SPREAD));
}

before(async () => {
  writeBundle(folder, "reward");
  writeBundle(folder, "objectives", { manifest: OBJECTIVES_MANIFEST });
  writeArtefacts();
  const head = HEAD.replace(/references:[\s\S]*/, "");
  const { judges, panels } = await resolved("{ judge: reward }", head);
  const revisionOf = (name: string) => judges.find(({ judge }) => judge.name === name)!.judge.revision;
  const [panel] = panels;
  assert.ok(panel !== undefined && !isRouter(panel));
  Object.assign(now, {
    reward: revisionOf("reward"),
    objectives: revisionOf("objectives"),
    calibration: panel.members[0]!.calibration!.revision,
  });
  writeArtefacts();
});
after(() => folder.remove());

const CENTRED = (reference: string) => `{ judge: reward, transforms: [{ method: logSigmoidCentred, reference: ${reference} }] }`;
const PREFERENCE = (references: string) => `{ judge: reward, transforms: [{ method: preferenceAsReward, references: ${references} }] }`;
const applied = ({ transforms }: Member, score: number) => transforms[0]!.apply(Float64Array.of(score), {})[0]!;

describe("references as artefacts", () => {
  it("give a transform its reference reward: the value, or a quantile of a distribution", async () => {
    assert.ok(close(applied(await member(CENTRED("{ artefact: value }")), 2), logSigmoid(0.5)));
    assert.ok(close(applied(await member(CENTRED("{ artefact: distribution, q: 0.5 }")), 11.5), logSigmoid(0)));
    assert.ok(close(applied(await member(CENTRED("{ artefact: distribution }")), 12.55), logSigmoid(0)));
  });

  it("give a transform its reference scores: one value, or all of a distribution", async () => {
    assert.ok(close(applied(await member(PREFERENCE("{ artefact: value }")), 2), sigmoid(0.5)));
    const mean = [10, 11, 12, 13].reduce((total, reference) => total + sigmoid(11 - reference), 0) / 4;
    assert.ok(close(applied(await member(PREFERENCE("{ artefact: distribution }")), 11), mean));
  });

  it("give a transform scores per prompt, which it reads in the place of the item's baselines", async () => {
    for (const written of [CENTRED("{ artefact: responses }"), PREFERENCE("{ artefact: responses }")]) {
      const [transform] = (await member(written)).transforms;
      assert.equal(transform!.reads, "baselines");
      assert.deepEqual([...transform!.responses!.byPrompt], [["ab".repeat(16), Float64Array.of(1, 2)]]);
    }
  });

  it("give a calibration raw scores, whatever the calibration that the artefact was built with", async () => {
    folder.write("refs/distribution.json", artefact("distribution", { ...SPREAD, calibration: "another" }));
    const { calibration } = await member("{ judge: reward, calibration: { method: cdf, reference: { artefact: distribution } } }");
    assert.equal(calibration!.apply(1.5), 0.5);
    writeArtefacts();
  });

  it("give a quantile map the scores of another judge", async () => {
    const other = {
      judge: "objectives",
      judgeRevision: now.objectives,
      calibration: now.calibration,
      space: "logit",
      raw: [5, 6, 7, 8],
      calibrated: [0, 0, 0, 0],
    };
    const own = { judge: "reward", judgeRevision: now.reward, calibration: now.calibration, space: "logit", ...SPREAD };
    folder.write("refs/distribution.json", artefact("distribution", {}, { readings: [own, other] }));
    const { calibration } = await member(
      "{ judge: reward, calibration: { method: quantileMap, from: { artefact: distribution }, to: { artefact: distribution, judge: objectives } } }",
    );
    assert.equal(calibration!.apply(1.5), 6.5);
    writeArtefacts();
  });

  it("are part of the revisions of member and calibration", async () => {
    const revisions = async () => {
      const { revision } = await member(CENTRED("{ artefact: value }"));
      const { calibration } = await member("{ judge: reward, calibration: { method: cdf, reference: { artefact: distribution } } }");
      return [revision, calibration!.revision];
    };
    const before = await revisions();
    assert.deepEqual(await revisions(), before);
    folder.write("refs/value.json", artefact("value", { value: 1.6 }, RULE));
    folder.write("refs/distribution.json", artefact("distribution", { ...SPREAD, raw: [0, 1, 2, 4] }));
    for (const [i, revision] of (await revisions()).entries()) assert.notEqual(revision, before[i]);
    writeArtefacts();
  });

  const AT = "panels.p.members[0].transforms[0].reference";
  const CDF = "{ judge: reward, calibration: { method: cdf, reference: { artefact: value } } }";
  const OTHER = "{ judge: objectives, transforms: [{ method: logSigmoidCentred, reference: { artefact: value } }] }";
  const MAP =
    "{ judge: reward, calibration: { method: quantileMap, from: { artefact: distribution }, to: { artefact: distribution, judge: rewrd } } }";
  const refusals: readonly [string, string, string][] = [
    [
      "an unknown name",
      CENTRED("{ artefact: valeu }"),
      `${AT}.artefact: no reference "valeu"; did you mean value? allowed: value, responses, distribution`,
    ],
    [
      "a wrong kind for a calibration",
      CDF,
      'panels.p.members[0].calibration.reference.artefact: reference "value" is of kind value, and a calibration takes a distribution of raw scores; ' +
        "build a distribution: rewardgate reference build sft.jsonl --panel p --kind distribution --side chosen --name sft -o FILE",
    ],
    [
      "an artefact without this judge",
      OTHER,
      `${AT}.artefact: reference "value" has no entry for judge "objectives"; build it for this panel: ` +
        "rewardgate reference build sft.jsonl --panel p --kind value --quantile 0.85 --side chosen --name sft -o FILE",
    ],
    [
      "a quantile of what is no distribution",
      CENTRED("{ artefact: value, q: 0.5 }"),
      `${AT}.q: reference "value" is of kind value, and a quantile is taken from a distribution; remove q, or name an artefact of kind distribution`,
    ],
    [
      "a quantile map to an unknown judge",
      MAP,
      'panels.p.members[0].calibration.to.judge: no judge "rewrd"; did you mean reward? allowed: reward, objectives',
    ],
    ["an unknown key beside the name", CENTRED("{ artefact: value, quantile: 0.5 }"), `${AT}.quantile: unknown key; allowed: artefact, q`],
  ];
  for (const [what, written, expected] of refusals) {
    it(`are refused: ${what}`, async () => {
      assert.deepEqual(await problems(written), [expected]);
    });
  }

  it("are refused when stale: another revision of the judge, or of its calibration", async () => {
    folder.write("refs/value.json", artefact("value", { value: 1.5, judgeRevision: "f".repeat(32) }, RULE));
    const [judge] = await problems(CENTRED("{ artefact: value }"));
    assert.match(
      judge!,
      new RegExp(
        `reference "value" is stale: judge "reward" was of revision f{12} then and is ${now.reward.slice(0, 12)} now; build it again: rewardgate`,
      ),
    );
    writeArtefacts();
    const other = CENTRED("{ artefact: value }").replace(
      "judge: reward,",
      "judge: reward, calibration: { method: temperature, temperature: 2 },",
    );
    const [calibration] = await problems(other);
    assert.match(
      calibration!,
      /reference "value" is stale: the calibration of judge "reward" was [0-9a-f]{12} then and is [0-9a-f]{12} now; build it again/,
    );
  });

  it("are one problem when their file is gone, and none of the panel that needs them", async () => {
    const head = HEAD.replace("refs/value.json", "refs/gone.json");
    const found = await problems(CENTRED("{ artefact: value }"), head);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, /^: cannot be read, or is not there \(references\.value\)/);
  });

  it("are refused when their file is not UTF-8", async () => {
    folder.write("refs/latin1.json", Buffer.from(artefact("value", {}).replace("{", '{"für": 1,'), "latin1"));
    const [found] = await problems(CENTRED("{ artefact: value }"), HEAD.replace("refs/value.json", "refs/latin1.json"));
    assert.match(found!, /^: not UTF-8 \(references\.value\); save it as UTF-8/);
  });

  it("are refused when their file is gone or broken, even if no panel uses them; a command that opens one panel does not mind", async () => {
    const head = HEAD.replace("refs/value.json", "refs/gone.json").replace("refs/responses.json", "refs/broken.json");
    folder.write("refs/broken.json", artefact("responses", { responses: { nonsense: [1] } }));
    const found = await problems("{ judge: reward }", head);
    assert.match(found[0]!, /^: cannot be read, or is not there \(references\.value\); build it: rewardgate reference build/);
    assert.match(found[1]!, /readings\.0\.responses\.nonsense: .* \(references\.responses\)/);
    assert.deepEqual(await problems("{ judge: reward }", head, ["p"]), []);
  });
});
