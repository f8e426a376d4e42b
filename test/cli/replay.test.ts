import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { openEmbeddedStore } from "../../src/state/embedded-store.ts";
import type { StoredVersion } from "../../src/state/store.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { runCli } from "../support/cli.ts";
import { stateService } from "../support/states.ts";

const folder = temporaryFolder();
after(() => folder.remove());

const STATES = { tracker: { kind: "quantileTracker", share: 0.5 } };
const config = folder.write(
  "rewardgate.yaml",
  `apiVersion: rewardgate/v1
backends: { local: { type: onnx } }
judges: { j: { bundle: models/j, backend: local } }
panels: { p: { members: [{ judge: j }] } }
states: ${JSON.stringify(STATES)}
`,
);
const RETENTION = { keepVersions: 1000, maxRuns: 1000 };

describe("rewardgate replay", () => {
  it("tells which versions are not what their log gives, and fails then", async () => {
    const store = await openEmbeddedStore(`${folder.path}/rewardgate-state`, RETENTION);
    const { service } = stateService(STATES, store);
    for (let i = 1; i <= 3; i++) await service.step("tracker", "sound", String(i), { bundleScores: [i, i + 0.1] });
    const log = await store.log({ state: "tracker", run: "sound" });
    const forged: StoredVersion[] = log.map((each) => (each.version === 3 ? { ...each, value: each.value.replace("2", "3") } : each));
    assert.notDeepEqual(forged, log);
    await store.append({ state: "tracker", run: "forged" }, forged, undefined);
    await store.close();

    const sound = await runCli(["replay", "tracker", "sound", "--config", config]);
    assert.deepEqual([sound.code, sound.stdout], [0, "versions 0 to 3 are kept; 3 replayed: every bit equal\n"]);
    const other = await runCli(["replay", "tracker", "forged", "--config", config]);
    assert.deepEqual([other.code, other.stdout], [1, "versions 0 to 3 are kept; 3 replayed: other bits in versions 3\n"]);
  });

  it("knows no state that the configuration does not have", async () => {
    const { code, stderr } = await runCli(["replay", "nope", "run", "--config", config]);
    assert.equal(code, 1);
    assert.match(stderr, /the configuration has no state "nope"/);
  });
});
