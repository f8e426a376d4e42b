import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { withTries } from "../../../src/transport/wires/tries.ts";

const full = (retryAfterMs: number) => new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs } });

test("a failure that passes is tried again, one that stays is not, and every try is told the time that is left", async () => {
  const left: number[] = [];
  const passing = async (leftMs: number) => {
    left.push(leftMs);
    if (left.length < 3) throw full(2);
    return "done";
  };
  assert.equal(await withTries(passing, 600_000), "done");
  assert.equal(left.length, 3);
  assert.ok(left.every((ms, i) => ms <= (left[i - 1] ?? 600_000)));
  let tries = 0;
  const staying = async () => {
    tries++;
    throw new GatewayError("SCORE_NOT_FINITE", "NaN");
  };
  await assert.rejects(withTries(staying, 600_000), { reason: "SCORE_NOT_FINITE" });
  assert.equal(tries, 1);
});

test("there is one try where there is no time for a pause, and none after a caller who left in one", async () => {
  let tries = 0;
  const left = new AbortController();
  const busy = async () => {
    tries++;
    setImmediate(() => left.abort());
    throw full(300_000);
  };
  await assert.rejects(withTries(busy, 0), { reason: "QUEUE_FULL" });
  await assert.rejects(withTries(busy, 3_600_000, left.signal), { reason: "QUEUE_FULL" });
  assert.equal(tries, 2);
});

test("a gateway that stops is not tried again, though another try might find one: another replica has the time that is left", async () => {
  let tries = 0;
  const stopping = async () => {
    tries++;
    throw new GatewayError("SHUTTING_DOWN", "stopping", { details: { retryAfterMs: 1 } });
  };
  await assert.rejects(withTries(stopping, 600_000), { reason: "SHUTTING_DOWN" });
  assert.equal(tries, 1);
});

test("a failure that names no time is not tried again before a second is over", async () => {
  let tries = 0;
  const busy = async () => {
    tries++;
    throw new GatewayError("QUEUE_FULL", "full");
  };
  await assert.rejects(withTries(busy, 900), { reason: "QUEUE_FULL" });
  assert.equal(tries, 1);
});
