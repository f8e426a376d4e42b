import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { heldService } from "../../support/scripted-service.ts";
import { openGrpc } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { requestProto } from "../../support/wire-requests.ts";

const KEEPALIVE_MS = 20;
/** How late an answer to a ping may be, on any machine. A ping that cannot be sent is not waited for. */
const PATIENCE_MS = 60_000;

/** A server that pings often, with a call that runs until it is released. */
async function openHeld(t: TestContext, connections: object) {
  const { service, release, taken } = heldService();
  const opened = await openGrpc({
    service,
    connections: { keepaliveMs: KEEPALIVE_MS, keepaliveTimeoutMs: PATIENCE_MS, ...connections },
  });
  t.after(() => opened.close());
  const answer = opened.score(requestProto("four"));
  answer.catch(() => {});
  await settled(() => taken() === 1);
  return { ...opened, answer, release };
}

test("a drain that lasts longer than the interval of pings loses no running call", async (t) => {
  const { server, answer, release } = await openHeld(t, {});
  const drained = server.drain();
  await sleep(20 * KEEPALIVE_MS);
  release();
  assert.equal((await answer).results[0]?.candidates[0]?.reward, 4);
  await drained;
});

test("a call that runs when its connection reaches its age is answered", async (t) => {
  const { answer, release } = await openHeld(t, { maxAgeMs: 5 * KEEPALIVE_MS });
  await sleep(30 * KEEPALIVE_MS);
  release();
  assert.equal((await answer).results[0]?.candidates[0]?.reward, 4);
});
