import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { healthClient } from "../../support/health-client.ts";
import { scriptedReadiness } from "../../support/scripted-service.ts";
import { openGrpc } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";

test("Check and Watch follow readiness for the server and for each service, and a drain ends Watch", async () => {
  const { address, readiness, server, close } = await openGrpc();
  const client = healthClient(address);
  try {
    const watches = ["", "rewardgate.v1.RewardService", "rewardgate.v1.StateService", "rewardgate.v1.RunService"].map(client.watch);
    const heard = (n: number) => settled(() => watches.every(({ statuses }) => statuses.length === n));
    await heard(1);
    assert.deepEqual(await Promise.all(["", "rewardgate.v1.RewardService", "rewardgate.v1.StateService", "other"].map(client.check)), [
      "SERVING",
      "SERVING",
      "SERVING",
      "NOT_FOUND",
    ]);
    readiness.set(false);
    // Another check of those that make up readiness failed too.
    readiness.set(false);
    await heard(2);
    assert.equal(await client.check(""), "NOT_SERVING");
    readiness.set(true);
    await heard(3);
    readiness.set(false);
    await server.drain();
    await settled(() => watches.every(({ ended }) => ended));
    for (const { statuses } of watches) assert.deepEqual(statuses, ["SERVING", "NOT_SERVING", "SERVING", "NOT_SERVING"]);
  } finally {
    client.close();
    await close();
  }
});

test("a server that starts before its judges says NOT_SERVING", async () => {
  const { address, close } = await openGrpc({ readiness: scriptedReadiness(false) });
  const client = healthClient(address);
  try {
    assert.equal(await client.check(""), "NOT_SERVING");
  } finally {
    client.close();
    await close();
  }
});

test("names that nobody serves may be watched, and none of them is remembered", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const heap = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const { address, close } = await openGrpc();
  const client = healthClient(address);
  try {
    const watchOnce = async (service: string) => {
      const watched = client.watch(service);
      await settled(() => watched.statuses.length === 1);
      assert.deepEqual(watched.statuses, ["SERVICE_UNKNOWN"]);
      watched.cancel();
      await settled(() => watched.ended);
    };
    await watchOnce("first");
    const before = heap();
    for (let n = 0; n < 100; n++) await watchOnce(`${n} ${"x".repeat(100_000)}`);
    assert.equal(await client.check(""), "SERVING");
    assert.ok(heap() - before < 5e6, `${heap() - before} bytes`);
  } finally {
    client.close();
    await close();
  }
});
