import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runCli } from "../support/cli.ts";
import { type TestGateway, writeGateway } from "../support/gateway.ts";

let tiny: TestGateway;
before(async () => {
  tiny = await writeGateway();
});
after(() => tiny.remove());

describe("rewardgate panels", () => {
  it("lists every panel with its members", async () => {
    const { code, stdout } = await runCli(["panels", "--json", "--config", tiny.config]);
    assert.equal(code, 0);
    const [chat, reward] = JSON.parse(stdout);
    assert.deepEqual([chat.name, chat.aggregation, chat.space, chat.members.length], ["chat", "weightedSum", "logit", 2]);
    assert.deepEqual(
      [reward.members[0].judge, reward.members[0].calibration, reward.members[0].onFailure],
      ["tiny-reward", "none", "fail"],
    );
    assert.match((await runCli(["panels", "--config", tiny.config])).stdout, /^ {2}tiny-objectives +0\.5 +affine +none +fail$/m);
  });
});
