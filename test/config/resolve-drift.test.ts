import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { resolve } from "../../src/config/resolve.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import { isRouter } from "../../src/domain/panel.ts";
import { temporaryFolder, writeBundle } from "../support/bundle.ts";

const folder = temporaryFolder();
const now = { panel: "", judge: "", calibration: "" };

const HEAD = `apiVersion: rewardgate/v1
backends:
  local: { type: onnx }
judges:
  reward: { bundle: models/reward, backend: local }
panels:
  p: { members: [{ judge: reward, name: first }] }
  q: { members: [{ judge: reward }] }
  table: { routes: [{ when: { domain: code }, panel: q }], otherwise: p }
references:
  usual: { file: refs/usual.json }
`;

const SCORES = Array.from({ length: 60 }, (_, i) => i / 10);
const NUMBERS = { items: 60, scores: 60, mean: 2.95, meanError: 0.2, std: 1.7, effective: 60, sorted: SCORES, space: "logit" };

function writeArtefact(more: object = {}, reading: object = {}): void {
  const entry = { ...NUMBERS, member: "first", judge: "reward", judgeRevision: now.judge, calibration: now.calibration, ...reading };
  const artefact = {
    ...{ apiVersion: "rewardgate/v1", kind: "drift", name: "usual", created: "2026-01-31", rewardgate: "0.1.0", asked: { panel: "p" } },
    data: { name: "sft.jsonl", sha256: "0".repeat(64), side: "all", records: 60, completions: 60 },
    panel: { name: "p", revision: now.panel },
    reward: { ...NUMBERS, length: { rho: 0.2, fisherError: 0.1 } },
    readings: [entry],
    ...more,
  };
  folder.write("refs/usual.json", JSON.stringify(artefact));
}

async function resolved(runs: string, only?: string[]) {
  const file = folder.write("rewardgate.yaml", `${HEAD}${runs}\n`);
  return resolve(await loadConfig({ file, variables: {} }), only);
}

async function problems(runs: string): Promise<string[]> {
  try {
    await resolved(runs);
  } catch (error) {
    assert.ok(error instanceof GatewayError && error.reason === "CONFIG_INVALID", String(error));
    return error.details.problems!.map(({ path, cause, remedy }) => `${path}: ${cause}; ${remedy}`);
  }
  return [];
}

before(async () => {
  writeBundle(folder, "reward");
  folder.write("refs/usual.json", "{}");
  const { panels, judges } = await resolved("", ["p"]);
  const panel = panels[0]!;
  assert.ok(!isRouter(panel));
  now.panel = panel.revision;
  now.judge = judges[0]!.judge.revision;
  now.calibration = panel.members[0]!.calibration?.revision ?? "none";
});
after(() => folder.remove());

describe("resolveDrift", () => {
  it("gives a panel's baseline with the reward and its members by name, and infinity where the file has none", async () => {
    writeArtefact();
    const { baselines } = await resolved("runs: { baselines: { p: usual } }");
    const { reference, panelRevision, reward, members } = baselines.get("p")!;
    assert.deepEqual([reference, panelRevision, baselines.size], ["usual", now.panel, 1]);
    assert.deepEqual([reward.length, reward.logStdError, reward.sorted.length], [{ rho: 0.2, fisherError: 0.1 }, Infinity, 60]);
    assert.deepEqual([...members.keys()], ["first"]);
  });

  it("does not look for the artefact where only some panels are asked for, since that may be its very build", async () => {
    folder.write("refs/usual.json", "nonsense");
    assert.equal((await resolved("runs: { baselines: { p: usual } }", ["p"])).baselines.size, 0);
  });

  for (const [what, more, reading, says] of [
    [
      "another kind",
      { kind: "value", rule: { method: "mean" }, panel: undefined, reward: undefined },
      { value: 1 },
      /is of kind value.*--kind drift/,
    ],
    [
      "another panel's",
      { panel: { name: "q", revision: "sha256:1" } },
      {},
      /holds scores of panel "q"; build one for this panel: .*--panel p/,
    ],
    [
      "an older judge",
      { panel: { name: "p", revision: "sha256:1" } },
      { judgeRevision: "sha256:old" },
      /is stale: judge "reward" was of revision sha256:old/,
    ],
    [
      "another calibration",
      { panel: { name: "p", revision: "sha256:1" } },
      { calibration: "sha256:fit" },
      /is stale: the calibration of member "first" was sha256:fit/,
    ],
    [
      "other weights",
      { panel: { name: "p", revision: "sha256:1" } },
      {},
      /is stale: panel "p" was of revision sha256:1.*build it again: rewardgate reference build sft\.jsonl --panel p --kind drift/,
    ],
  ] as const) {
    it(`refuses an artefact of ${what}, at its place and with a remedy`, async () => {
      writeArtefact(more, reading);
      if ("kind" in more) {
        const { items: _, ...entry } = {
          items: 0,
          judge: "reward",
          judgeRevision: now.judge,
          calibration: now.calibration,
          space: "logit",
          value: 1,
        };
        writeArtefact({ ...more, readings: [entry] });
      }
      const found = await problems("runs: { baselines: { p: usual } }");
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, /^runs\.baselines\.p: reference "usual" /);
      assert.match(found[0]!, says);
    });
  }

  for (const [what, runs, says] of [
    ["a panel that is not there", "{ pp: usual }", /^runs\.baselines\.pp: no panel "pp"; .*p/],
    ["a table", "{ table: usual }", /^runs\.baselines\.table: panel "table" is a table/],
    ["a reference that is not there", "{ p: usul }", /^runs\.baselines\.p: no reference "usul"; .*usual/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      writeArtefact();
      const found = await problems(`runs: { baselines: ${runs} }`);
      assert.equal(found.length, 1, found.join("\n"));
      assert.match(found[0]!, says);
    });
  }

  it("refuses it as a transform's reference", async () => {
    writeArtefact();
    const file = folder.write(
      "rewardgate.yaml",
      HEAD.replace("name: first", "name: first, transforms: [{ method: logSigmoidCentred, reference: { artefact: usual } }]"),
    );
    await assert.rejects(
      resolve(await loadConfig({ file, variables: {} })),
      /is of kind drift, which only statistics of runs are held against/,
    );
  });
});
