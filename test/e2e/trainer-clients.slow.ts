import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import { writeGateway } from "../support/gateway.ts";
import { settled } from "../support/settled.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";
import {
  closeTrainerClients,
  openrlhfClient,
  type Sample,
  slimeClient,
  type TrainerClient,
  verlClient,
} from "../support/trainer-clients.ts";

const cleanups: (() => void)[] = [];
after(() => {
  for (const clean of cleanups) clean();
});

/** Calls that may wait. Fewer samples than these are on their way at once after an overload, so that it ends when it is said to. */
const PLACES = 16;
/** Calls that take every place: besides those that wait, one runs and one stands ready. */
const ALL = PLACES + 2;
const WORDS = ["good", "bad", "fine", "the", "what", "yes", "no", "word"];

test("clients of slime, verl and OpenRLHF go through overload and a restart with the right reward or an explicit failure", {
  timeout: 240_000,
}, async () => {
  const port = await freePort();
  const wires = { slime: { panel: "reward" }, classify: { panel: "reward" }, openrlhf: { panel: "reward" } };
  const { config, folder } = await writeGateway({
    server: { http: { port } },
    backend: { maxBatchCalls: 1, queue: { maxCalls: PLACES } },
    sections: { wires, cache: { maxBytes: 0 } },
  });
  cleanups.push(() => folder.remove(), closeTrainerClients);
  const start = async () => {
    const gateway = await spawnGateway(config);
    cleanups.push(() => gateway.process.kill("SIGKILL"));
    return gateway;
  };
  const first = await start();
  const base = first.http;

  const samples = Array.from({ length: 80 }, (_, i) => sampleOf(i));
  const references: number[] = [];
  for (const sample of samples) references.push(await referenceOf(base, sample));
  assert.ok(references.every((reward) => Number.isFinite(reward) && reward !== 0));
  assert.ok(new Set(references).size > 60, "a reward tells which sample it belongs to");

  let taken = 0;
  /** The number of a sample whose client made something else than its reference of it; no client's answer is looked at twice. */
  const ride = (client: TrainerClient, count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const index = taken++;
        const reward = await client(base, samples[index]!);
        return reward === undefined ? "none" : Object.is(reward, references[index]) ? "right" : `sample ${index} got ${reward}`;
      }),
    );
  const all = (outcome: string, count: number) => Array.from({ length: count }, () => outcome);

  // Every place is taken by calls that the model does not come to.
  const began = performance.now();
  const firstExecutors = await hold(first);
  const running = ride(openrlhfClient, 2);
  await untilWaiting(first, 0, 2);
  const waiting = Promise.all([ride(openrlhfClient, 4), ride(slimeClient, 6), ride(verlClient, 6)]);
  await untilWaiting(first, PLACES, ALL);
  const headers = { "content-type": "application/json" };
  const refused = await fetch(`${base}/slime`, { method: "POST", headers, body: JSON.stringify({ prompt: "what", response: "good" }) });
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  const patient = Promise.all([ride(slimeClient, 5), ride(verlClient, 5)]);
  assert.deepEqual(await ride(openrlhfClient, 4), all("none", 4), "OpenRLHF gives up within the overload, and says so");
  await sleep(Math.max(0, began + 10_000 - performance.now()));

  // A restart in the middle: what was accepted is answered first.
  first.process.kill("SIGTERM");
  for (const pid of firstExecutors) process.kill(pid, "SIGCONT");
  assert.equal(await first.exited, 0, first.stderr());
  assert.deepEqual(await running, all("right", 2));
  assert.deepEqual((await waiting).flat(), all("right", PLACES));
  const nobodyThere = ride(openrlhfClient, 2);
  const second = await start();
  assert.equal(second.http, base);

  // Overload again, after the restart.
  const again = performance.now();
  const secondExecutors = await hold(second);
  const held = ride(verlClient, ALL);
  await untilWaiting(second, PLACES);
  assert.deepEqual(await ride(openrlhfClient, 4), all("none", 4));
  await sleep(Math.max(0, again + 10_000 - performance.now()));
  for (const pid of secondExecutors) process.kill(pid, "SIGCONT");

  assert.deepEqual((await patient).flat(), all("right", 10), "slime and verl outlast both");
  assert.deepEqual(await held, all("right", ALL));
  for (const outcome of await nobodyThere) assert.match(outcome, /^(right|none)$/);
  // And all is as before.
  const afterwards = await Promise.all([ride(slimeClient, 2), ride(verlClient, 2), ride(openrlhfClient, 2)]);
  assert.deepEqual(afterwards.flat(), all("right", 6));
  second.process.kill("SIGTERM");
  assert.equal(await second.exited, 0, second.stderr());
});

function sampleOf(index: number): Sample {
  return { prompt: `what is ${WORDS[index % 8]}`, response: `${WORDS[(index >> 3) % 8]} ${WORDS[(index * 3) % 8]} ${index}` };
}

/** The reward of a sample by the gateway's own API, before anything goes wrong. */
async function referenceOf(base: string, { prompt, response }: Sample): Promise<number> {
  const body = { panel: "reward", items: [{ prompt, candidates: [{ content: response }] }] };
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${base}/v1/score`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
  const { results } = (await answer.json()) as { results: { candidates: { reward: number }[] }[] };
  return results[0]!.candidates[0]!.reward;
}

/** Stops a gateway's inference where it is, so that what is sent to it waits. */
async function hold(gateway: SpawnedGateway): Promise<readonly number[]> {
  const executors = await gateway.executors();
  assert.equal(executors.length, 1);
  for (const pid of executors) process.kill(pid, "SIGSTOP");
  // A stopped process does not hear its parent's end.
  cleanups.unshift(() => {
    if (gateway.process.exitCode === null && gateway.process.signalCode === null) for (const pid of executors) process.kill(pid, "SIGKILL");
  });
  return executors;
}

async function untilWaiting(gateway: SpawnedGateway, waiting: number, running?: number): Promise<void> {
  await settled(async () => {
    const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
    const queued = Number(/rewardgate_queue_items\{backend="[^"]+",priority="standard"\} (\d+)/.exec(metrics)?.[1]);
    const requests = Number(/^rewardgate_requests_running (\d+)/m.exec(metrics)?.[1]);
    return queued === waiting && (running === undefined || requests === running);
  }, `${waiting} calls that wait`);
}
