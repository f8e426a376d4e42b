import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { deferred, settle } from "../support/scripted.ts";
import { engineOf } from "../support/scripted-engine.ts";
import { scriptedService } from "../support/scripted-service.ts";
import { openGrpc, openHttp, settled } from "../support/servers.ts";
import { bodyJson, requestProto } from "../support/wire-requests.ts";

/** Both wires before one engine, whose judge scores the length of a text. */
async function openBoth(t: TestContext, engine: ReturnType<typeof engineOf>) {
  let arrived = 0;
  const service = scriptedService((request, context) => {
    arrived++;
    return engine.score({ ...request, panel: "panel" }, context);
  });
  const [grpc, http] = await Promise.all([openGrpc({ service }), openHttp({ service })]);
  t.after(() => Promise.all([grpc.close(), http.close()]));
  const post = (text: string, signal?: AbortSignal) =>
    fetch(`${http.url}/v1/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(bodyJson(text)),
      ...(signal && { signal }),
    });
  return {
    grpc,
    post,
    arrived: (count: number) => settled(() => arrived === count),
    /** The codes that calls ended with, with how often, once there are so many. */
    async codes(count: number) {
      await settled(() => grpc.lines.length + http.lines.length === count);
      const found: Record<string, number> = {};
      for (const { transport, code } of [...grpc.lines, ...http.lines]) {
        const ending = `${transport} ${code}`;
        found[ending] = (found[ending] ?? 0) + 1;
      }
      return found;
    },
  };
}

test("of 500 calls whose callers leave, what had not begun never runs, and each is counted as cancelled", async (t) => {
  const gate = deferred();
  const engine = engineOf({ limits: { maxBatchCalls: 4 }, beforeRun: () => gate.promise });
  const { grpc, post, arrived, codes } = await openBoth(t, engine);
  const leaving = new AbortController();
  const posts = Promise.allSettled(Array.from({ length: 250 }, (_, index) => post(`http ${index}`, leaving.signal)));
  const errors: (number | undefined)[] = [];
  const calls = Array.from({ length: 250 }, (_, index) =>
    grpc.client.score(requestProto(`grpc ${index}`), (error) => errors.push(error?.code)),
  );
  await arrived(500);
  leaving.abort();
  for (const call of calls) call.cancel();
  assert.deepEqual(await codes(500), { "grpc CANCELLED": 250, "http CANCELLED": 250 });
  gate.resolve();
  await settle(20);
  assert.ok(engine.backend.ran.length <= 4, `${engine.backend.ran.length} ran, more than the batch that was running`);
  assert.ok((await posts).every(({ status: ended }) => ended === "rejected"));
  await settled(() => errors.length === 250);
  assert.ok(errors.every((code) => code === status.CANCELLED));
});

test("of 10,000 calls that are answered none is counted as cancelled", async (t) => {
  const { grpc, post, codes } = await openBoth(t, engineOf({ limits: { concurrency: 4 } }));
  const rewardOf = async (response: Response) =>
    ((await response.json()) as { results: { candidates: { reward: number }[] }[] }).results[0]!.candidates[0]!.reward;
  const lanes = Array.from({ length: 50 }, async (_, lane) => {
    for (let index = 0; index < 100; index++) {
      const text = `${lane} ${index}`;
      const overGrpc = grpc.score(requestProto(text)).then(({ results }) => results[0]!.candidates[0]!.reward);
      assert.deepEqual(await Promise.all([overGrpc, post(text).then(rewardOf)]), [text.length, text.length]);
    }
  });
  await Promise.all(lanes);
  assert.deepEqual(await codes(10_000), { "grpc OK": 5000, "http OK": 5000 });
});
