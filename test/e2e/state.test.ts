import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it, test } from "node:test";
import { parse } from "yaml";
import type { StateSnapshot } from "../../src/domain/state.ts";
import { runCli } from "../support/cli.ts";
import { writeGateway } from "../support/gateway.ts";
import { redisMissing, startRedis } from "../support/redis.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";
import { stateService } from "../support/states.ts";
import { STORE_KINDS } from "../support/stores.ts";

/** Server state of whole gateways, each in a process of its own, over HTTP. */
const cleanups: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const STATES = { safety: { kind: "multipliers", judges: { "tiny-reward": { threshold: 0.44 } }, learningRate: 0.1 } };

async function start(config: string): Promise<SpawnedGateway> {
  const gateway = await spawnGateway(config);
  cleanups.push(() => void gateway.process.kill("SIGKILL"));
  return gateway;
}

/** Ends the process with no chance to write anything more. */
async function kill(gateway: SpawnedGateway): Promise<void> {
  gateway.process.kill("SIGKILL");
  await gateway.exited;
}

async function answer(response: Response): Promise<StateSnapshot> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text).state;
}

const send = (gateway: SpawnedGateway, change: string, body: object) =>
  fetch(`${gateway.http}/v1/states/safety:${change}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ run: "run", ...body }),
  });
const step = async (gateway: SpawnedGateway, i: number) =>
  answer(await send(gateway, "step", { stepId: `step-${i}`, meanRewards: { "tiny-reward": Math.sin(i) } }));
const read = async (gateway: SpawnedGateway, version?: number) =>
  answer(await fetch(`${gateway.http}/v1/states/safety?run=run${version === undefined ? "" : `&version=${version}`}`));

/** The versions of a run whose steps came one after the other and were never interrupted. */
async function undisturbed(steps: number): Promise<StateSnapshot[]> {
  const place = await STORE_KINDS[0]!.place();
  const { service, calls } = stateService(STATES, await place.open());
  const made = [await service.read("safety", "run")];
  for (let i = 1; i <= steps; i++)
    made.push(await service.step("safety", "run", `step-${i}`, { meanRewards: { "tiny-reward": Math.sin(i) } }));
  await calls.close();
  await place.remove();
  return made;
}

test("killing the gateway between two steps loses neither, and a pinned version has equal bits ever after", async () => {
  const { config, folder } = await writeGateway({ sections: { states: STATES } });
  cleanups.push(() => folder.remove());
  const expected = await undisturbed(2);

  let gateway = await start(config);
  assert.deepEqual(await step(gateway, 1), expected[1]);
  await kill(gateway);

  gateway = await start(config);
  assert.deepEqual(await read(gateway), expected[1]);
  assert.deepEqual(await answer(await send(gateway, "pin", {})), expected[1]);
  assert.deepEqual(await step(gateway, 2), expected[2]);
  await kill(gateway);

  gateway = await start(config);
  assert.deepEqual(await read(gateway), expected[1], "the pin is kept");
  assert.deepEqual(await read(gateway, 2), expected[2]);
  assert.deepEqual(await step(gateway, 1), expected[1], "a step that was answered is not taken twice");
  assert.equal((await send(gateway, "step", { stepId: "step-1", meanRewards: { "tiny-reward": 9 } })).status, 409);

  // The folder is read while the gateway serves from it.
  const { code, stdout } = await runCli(["replay", "safety", "run", "--config", config]);
  assert.deepEqual([code, stdout], [0, "versions 0 to 2 are kept; 2 replayed: every bit equal\n"]);
  gateway.process.kill("SIGTERM");
  assert.equal(await gateway.exited, 0);
});

test("killed in the middle of many steps, a trainer that sends the unanswered again ends where it would have ended", async () => {
  const { config, folder } = await writeGateway({ sections: { states: STATES } });
  cleanups.push(() => folder.remove());
  const steps = 120;
  const expected = await undisturbed(steps);
  let gateway = await start(config);
  let killed = false;
  for (let i = 1; i <= steps; ) {
    // The answer of this one may be lost although it was kept, or the request although it was sent.
    const unanswered = step(gateway, i);
    if (i === 60 && !killed) {
      killed = true;
      gateway.process.kill("SIGKILL");
    }
    try {
      assert.deepEqual(await unanswered, expected[i]);
      i++;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      await gateway.exited;
      gateway = await start(config);
    }
  }
  assert.ok(killed);
  for (const version of [0, 1, 59, 60, 61, steps]) assert.deepEqual(await read(gateway, version), expected[version]);
});

test("a reward under a version of a state is the same to the bit after a kill, steps behind it and a restart", async () => {
  const scale = { method: "runningScale", state: "scales" };
  const { config, folder } = await writeGateway({
    sections: {
      states: { scales: { kind: "runningScale", judges: ["tiny-reward"] } },
      panels: { reward: { members: [{ judge: "tiny-reward", calibration: "none", transforms: [scale] }] } },
    },
  });
  cleanups.push(() => folder.remove());
  const post = (gateway: SpawnedGateway, path: string, body: object) =>
    fetch(`${gateway.http}/v1/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const observe = async (gateway: SpawnedGateway, stepId: string, tiny: number[]) =>
    answer(await post(gateway, "states/scales:step", { run: "run", stepId, scores: { "tiny-reward": tiny } }));
  const score = async (gateway: SpawnedGateway, options: object = {}) => {
    const item = { prompt: "what", candidates: [{ content: "a good word" }] };
    const response = await post(gateway, "score", { panel: "reward", run: "run", items: [item], options });
    const { results, states } = JSON.parse(await response.text());
    return { reward: results[0].candidates[0].reward as number, states };
  };

  let gateway = await start(config);
  await observe(gateway, "1", [0.1, 0.7, -1.3]);
  const first = await score(gateway);
  assert.deepEqual(first.states, [{ name: "scales", version: 1 }]);
  await observe(gateway, "2", [9, 11]);
  await kill(gateway);

  gateway = await start(config);
  const later = await score(gateway);
  assert.deepEqual(later.states, [{ name: "scales", version: 2 }]);
  assert.notEqual(later.reward, first.reward);
  assert.deepEqual(await score(gateway, { stateVersions: { scales: 1 } }), first);
  assert.equal((await post(gateway, "states/scales:pin", { run: "run", version: 1 })).status, 200);
  assert.deepEqual(await score(gateway), first);
});

describe("two gateways on one Redis", { skip: redisMissing ?? false }, () => {
  it("take the steps of one run at once without losing any, and each reads what the other made", async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.remove());
    const state = { store: { type: "redis", url: redis.url, prefix: "e2e" } };
    const { config, folder } = await writeGateway({ sections: { states: STATES, state } });
    cleanups.push(() => folder.remove());
    const gateways = [await start(config), await start(config)];
    const made = await Promise.all(Array.from({ length: 60 }, (_, i) => step(gateways[i % 2]!, i)));
    assert.deepEqual(
      made.map(({ version }) => version).sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    const latest = made.find(({ version }) => version === 60)!;
    for (const gateway of gateways) assert.deepEqual(await read(gateway), latest);
    await kill(gateways[0]!);
    await redis.kill();
    await redis.start();
    const { code, stdout } = await runCli(["replay", "safety", "run", "--config", config]);
    assert.deepEqual([code, stdout], [0, "versions 0 to 60 are kept; 60 replayed: every bit equal\n"]);
  });
});

test("the example of docs/state.md gives what the page shows", async () => {
  const page = readFileSync(new URL("../../docs/state.md", import.meta.url), "utf8");
  const [, declared] = /```yaml\n([\s\S]*?)```/.exec(page)!;
  const [, sent] = /-d '\n([\s\S]*?)'/.exec(page)!;
  const [, shown] = /```json\n([\s\S]*?)```/.exec(page)!;
  const place = await STORE_KINDS[0]!.place();
  const { service, calls } = stateService(parse(declared!).states, await place.open());
  const { run, stepId, ...report } = JSON.parse(sent!);
  assert.deepEqual({ state: await service.step("safety", run, stepId, report) }, JSON.parse(shown!));
  await calls.close();
  await place.remove();
});
