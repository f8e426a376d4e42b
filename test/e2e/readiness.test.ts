import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type TestGateway, writeGateway } from "../support/gateway.ts";
import { healthClient } from "../support/health-client.ts";
import { settled } from "../support/settled.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";

let written: TestGateway;
let gateway: SpawnedGateway;
before(async () => {
  written = await writeGateway();
  gateway = await spawnGateway(written.config);
});
after(() => {
  gateway?.process.kill("SIGKILL");
  written.remove();
});

const probe = async (path: string) => {
  const response = await fetch(gateway.admin + path);
  return { code: response.status, text: await response.text() };
};

test("the loss of the only inference process is told by every Watch, as is its return, and never by liveness", async () => {
  const health = healthClient(gateway.grpc);
  const watches = ["", "rewardgate.v1.RewardService"].map(health.watch);
  await settled(() => watches.every(({ statuses }) => statuses.length === 1));
  for (let loss = 1; loss <= 3; loss++) {
    const [pid, ...others] = await gateway.executors();
    assert.deepEqual(others, []);
    process.kill(pid!, "SIGKILL");
    await settled(() => watches.every(({ statuses }) => statuses.length >= 2 * loss));
    assert.equal((await probe("/livez")).code, 200);
    assert.equal((await probe("/startupz")).code, 200);
    await settled(() => watches.every(({ statuses }) => statuses.length === 2 * loss + 1));
    const { code, text } = await probe("/readyz?verbose");
    assert.equal(code, 200);
    assert.deepEqual(
      text.split("\n").filter((line) => line.includes("judge")),
      ["[+] judge tiny-objectives: serving on cpu", "[+] judge tiny-reward: serving on cpu"],
    );
  }
  const seen = ["SERVING", ...Array.from({ length: 3 }, () => ["NOT_SERVING", "SERVING"]).flat()];
  for (const { statuses } of watches) assert.deepEqual(statuses, seen);
  health.close();
});
