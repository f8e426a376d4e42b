import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

describe("rewardgate judges", () => {
  it("lists every judge with kind, space, revision and objectives", async () => {
    const { code, stdout } = await runCli(["judges", "--json", "--config", tiny.config]);
    assert.equal(code, 0);
    const [objectives, reward] = JSON.parse(stdout);
    assert.deepEqual(
      [objectives.name, objectives.kind, objectives.objectives],
      ["tiny-objectives", "objectives", ["helpfulness", "harmlessness", "verbosity"]],
    );
    assert.deepEqual([reward.name, reward.space, reward.maxTokens, reward.backend], ["tiny-reward", "logit", 64, "local/trunk"]);
    assert.match(reward.revision, /^[0-9a-f]{32}$/);
  });

  it("prints a table, and finds the configuration in the working directory and in the environment", async () => {
    const here = await runCli(["judges"], { cwd: tiny.folder.path });
    assert.match(here.stdout, /^tiny-reward +scalar +logit +tolerance\(1e-5\)/m);
    const named = await runCli(["judges"], { env: { REWARDGATE_CONFIG: tiny.config } });
    assert.equal(named.stdout, here.stdout);
  });
});
