import assert from "node:assert/strict";
import { after, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { temporaryFolder } from "../support/bundle.ts";
import { writeGateway } from "../support/gateway.ts";
import { settled } from "../support/settled.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";
import { NAN_WORD } from "../support/tokenizer.ts";

/** What only the whole gateway can show: a real model, the engine and both wires together. */
const cleanups: (() => void)[] = [];
after(() => {
  for (const clean of cleanups) clean();
});

async function start(
  parts: Parameters<typeof writeGateway>[0],
): Promise<SpawnedGateway & { client: InstanceType<typeof wire.RewardServiceClient> }> {
  const { config, folder } = await writeGateway(parts);
  const gateway = await spawnGateway(config);
  const client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
  cleanups.push(() => {
    client.close();
    gateway.process.kill("SIGKILL");
    folder.remove();
  });
  return { ...gateway, client };
}

function post(gateway: SpawnedGateway, candidates: string[]): Promise<Response> {
  return fetch(`${gateway.http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ panel: "reward", items: [{ prompt: "what", candidates: candidates.map((content) => ({ content })) }] }),
  });
}

function call(client: InstanceType<typeof wire.RewardServiceClient>, candidates: string[]): Promise<wire.ScoreResponse> {
  const text = (value: string) => ({ form: { $case: "text" as const, value } });
  const item = { prompt: text("what"), candidates: candidates.map((candidate) => ({ content: text(candidate) })) };
  const request = wire.ScoreRequest.fromPartial({ panel: "reward", items: [item] });
  return new Promise((resolve, reject) => client.score(request, (error, response) => (error ? reject(error) : resolve(response))));
}

test("a judge that returns NaN yields a failed outcome and no number for that candidate alone, on both wires", async () => {
  const gateway = await start({ model: { nanOnWord: true } });
  const response = await post(gateway, ["good", `good ${NAN_WORD}`, "fine"]);
  const text = await response.text();
  assert.equal(response.status, 200);
  assert.doesNotMatch(text, /NaN|null/);
  const { candidates } = JSON.parse(text).results[0];
  assert.deepEqual(
    candidates.map((candidate: { status: string }) => candidate.status),
    ["complete", "failed", "complete"],
  );
  assert.equal("reward" in candidates[1], false);
  assert.equal(candidates[1].judges[0].outcome, "failed");
  for (const key of ["raw", "calibrated", "transformed", "contribution"]) assert.equal(key in candidates[1].judges[0], false);

  const answer = (await call(gateway.client, ["good", `good ${NAN_WORD}`, "fine"])).results[0]!.candidates;
  assert.ok(Number.isFinite(answer[0]!.reward) && Number.isFinite(answer[2]!.reward));
  assert.equal(answer[1]!.reward, undefined);
  assert.equal(answer[1]!.judges[0]!.raw, undefined);
  assert.equal(answer[0]!.reward, candidates[0].reward);
  const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
  assert.match(metrics, /rewardgate_nonfinite_scores_total\{judge="tiny-reward"\} 2/);
});

test("with eight places free and the model busy, ten requests lose exactly two, on either wire", async () => {
  const gateway = await start({ backend: { executors: 1, maxBatchCalls: 1, queue: { maxCalls: 8 } } });
  const executors = await gateway.executors();
  for (const pid of executors) process.kill(pid, "SIGSTOP");
  // One batch runs and one stands ready in the executor; neither takes a place of the queue.
  const running = [post(gateway, ["running a"]), post(gateway, ["running b"])];
  await untilQueued(gateway, 0, 2);
  const http = Array.from({ length: 5 }, (_, index) => post(gateway, [`word ${index}`]));
  await untilQueued(gateway, 5, 7);
  const grpc = Array.from({ length: 5 }, (_, index) => call(gateway.client, [`other ${index}`]));
  const outcomes = Promise.allSettled(grpc);
  await untilRejected(gateway, 2);
  const third = await post(gateway, ["one more"]);
  assert.equal(third.status, 503);
  assert.ok(Number(third.headers.get("retry-after")) >= 1);
  assert.equal(((await third.json()) as { error: { reason: string } }).error.reason, "QUEUE_FULL");
  for (const pid of executors) process.kill(pid, "SIGCONT");
  const refused = (await outcomes).filter((outcome) => outcome.status === "rejected");
  assert.equal(refused.length, 2);
  for (const { reason } of refused as PromiseRejectedResult[]) {
    assert.equal((reason as ServiceError).code, status.UNAVAILABLE);
    assert.ok(Number((reason as ServiceError).metadata.get("grpc-retry-pushback-ms")[0]) > 0);
  }
  for (const response of await Promise.all([...running, ...http])) assert.equal(response.status, 200);
});

async function untilQueued(gateway: SpawnedGateway, waiting: number, running: number): Promise<void> {
  await until(gateway, (text) => {
    const queued = Number(/rewardgate_queue_items\{backend="[^"]+",priority="standard"\} (\d+)/.exec(text)?.[1]);
    return queued === waiting && Number(/^rewardgate_requests_running (\d+)/m.exec(text)?.[1]) === running;
  });
}

async function untilRejected(gateway: SpawnedGateway, count: number): Promise<void> {
  await until(gateway, (text) => text.includes(`rewardgate_rejections_total{reason="QUEUE_FULL",priority="standard"} ${count}`));
}

async function until(gateway: SpawnedGateway, holds: (metrics: string) => boolean): Promise<void> {
  let text = "";
  await settled(
    async () => {
      text = await (await fetch(`${gateway.admin}/metrics`)).text();
      return holds(text);
    },
    () => `what it never came to: ${text.match(/^rewardgate_(queue_items|requests_running|rejections).*$/gm)?.join("; ")}`,
  );
}

test("what a score was made from is shown on both wires with full detail, and only then", async () => {
  const folder = temporaryFolder();
  cleanups.push(() => folder.remove());
  const ports = "server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 } }\n";
  const rules = "judges:\n  follows: { rule: instructions }\npanels:\n  reward: { members: [{ judge: follows, weight: 1 }] }\n";
  const gateway = await spawnGateway(folder.write("rewardgate.yaml", `apiVersion: rewardgate/v1\n${ports}${rules}`));
  const client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
  cleanups.unshift(() => {
    client.close();
    gateway.process.kill("SIGKILL");
  });
  const reference = JSON.stringify({ instruction_id_list: ["punctuation:no_comma", "startend:quotation"], kwargs: [{}, {}] });
  const findings = [
    { name: "punctuation:no_comma", value: 0 },
    { name: "startend:quotation", value: 1 },
  ];
  for (const [detail, shown] of [
    ["full", findings],
    ["judges", undefined],
  ] as const) {
    const response = await fetch(`${gateway.http}/v1/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        panel: "reward",
        items: [{ prompt: "what", reference, candidates: [{ content: '"a, b"' }] }],
        options: { detail },
      }),
    });
    assert.equal(response.status, 200);
    const [part] = ((await response.json()) as { results: { candidates: { judges: { findings?: object[] }[] }[] }[] }).results[0]!
      .candidates[0]!.judges;
    assert.deepEqual(part!.findings, shown);
  }
  const text = (value: string) => ({ form: { $case: "text" as const, value } });
  const request = wire.ScoreRequest.fromPartial({
    panel: "reward",
    items: [{ prompt: text("what"), reference, candidates: [{ content: text('"a, b"') }] }],
    options: { detail: wire.Detail.DETAIL_FULL },
  });
  const answer = await new Promise<wire.ScoreResponse>((resolve, reject) =>
    client.score(request, (error, response) => (error ? reject(error) : resolve(response))),
  );
  assert.deepEqual(
    answer.results[0]!.candidates[0]!.judges[0]!.findings.map(({ name, value }) => ({ name, value })),
    findings,
  );
});
