import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import * as wire from "../../src/gen/rewardgate/v1/reward_service.ts";
import { writeGateway } from "../support/gateway.ts";
import { isAlive } from "../support/processes.ts";
import { settled } from "../support/settled.ts";
import { type SpawnedGateway, spawnGateway } from "../support/spawned-gateway.ts";

/** The gateway as a process, stopped by signals, with a real model behind it. */
const cleanups: (() => void)[] = [];
after(() => {
  for (const clean of cleanups) clean();
});

async function start(parts: Parameters<typeof writeGateway>[0] = {}): Promise<SpawnedGateway> {
  const { config, folder } = await writeGateway(parts);
  cleanups.push(() => folder.remove());
  const gateway = await spawnGateway(config);
  cleanups.push(() => gateway.process.kill("SIGKILL"));
  return gateway;
}

function scoreHttp(gateway: SpawnedGateway, candidate: string): Promise<Response> {
  return fetch(`${gateway.http}/v1/score`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ panel: "reward", items: [{ prompt: "what is good", candidates: [{ content: candidate }] }] }),
  });
}

function scoreGrpc(client: InstanceType<typeof wire.RewardServiceClient>, candidate: string): Promise<wire.ScoreResponse> {
  const item = {
    prompt: { form: { $case: "text" as const, value: "what is good" } },
    candidates: [{ content: { form: { $case: "text" as const, value: candidate } } }],
  };
  const request = wire.ScoreRequest.fromPartial({ panel: "reward", items: [item] });
  return new Promise((resolve, reject) => client.score(request, (error, response) => (error ? reject(error) : resolve(response))));
}

/** Stops the inference processes, so that requests stay under way however fast the machine is, until the returned function is called. */
async function holdInference(gateway: SpawnedGateway): Promise<() => void> {
  const executors = await gateway.executors();
  assert.ok(executors.length > 0);
  for (const pid of executors) process.kill(pid, "SIGSTOP");
  return () => {
    for (const pid of executors) process.kill(pid, "SIGCONT");
  };
}

/** Waits until the gateway has `count` requests under way. */
async function untilRunning(gateway: SpawnedGateway, count: number): Promise<void> {
  await settled(async () => {
    const text = await (await fetch(`${gateway.admin}/metrics`)).text();
    return Number(/^rewardgate_requests_running (\d+)/m.exec(text)?.[1]) >= count;
  }, `${count} requests under way`);
}

/** Waits until nobody listens at an address. */
async function untilClosed(address: string): Promise<void> {
  const { hostname, port } = new URL(address);
  await settled(async () => {
    const socket = connect(Number(port), hostname);
    const refused = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(false));
      socket.once("error", () => resolve(true));
    });
    socket.destroy();
    return refused;
  }, `the end of the listener at ${address}`);
}

/** Waits until a gateway that was asked to stop has begun to. */
async function untilUnready(gateway: SpawnedGateway): Promise<void> {
  await settled(async () => (await fetch(`${gateway.admin}/readyz`)).status === 503, "a gateway that is not ready");
}

test("SIGTERM with 500 requests in flight loses none: all are answered, late ones are refused, the exit code is 0", async () => {
  const gateway = await start({ backend: { maxBatchCalls: 8, maxBatchTokens: 256 } });
  const release = await holdInference(gateway);
  const client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
  const http = Array.from({ length: 250 }, (_, index) => scoreHttp(gateway, `good word ${index}`).then((response) => response.json()));
  const grpc = Array.from({ length: 250 }, (_, index) => scoreGrpc(client, `bad word ${index}`));
  const answers = Promise.all([Promise.all(http), Promise.all(grpc)]);
  answers.catch(() => {});
  await untilRunning(gateway, 500);
  gateway.process.kill("SIGTERM");
  await untilClosed(gateway.http);
  const late = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
  const refusals = await Promise.allSettled([scoreHttp(gateway, "late"), scoreGrpc(late, "late")]);
  release();
  const [fromHttp, fromGrpc] = await answers;
  const rewards = [
    ...fromHttp.map((answer) => (answer as { results: { candidates: { reward: number }[] }[] }).results[0]!.candidates[0]!.reward),
    ...fromGrpc.map((answer) => answer.results[0]!.candidates[0]!.reward!),
  ];
  assert.equal(rewards.filter(Number.isFinite).length, 500);
  assert.equal(new Set(rewards).size > 100, true);
  for (const refusal of refusals) {
    if (refusal.status === "fulfilled") assert.equal((refusal.value as Response).status, 503);
    else if ("code" in refusal.reason) assert.equal((refusal.reason as ServiceError).code, status.UNAVAILABLE);
  }
  client.close();
  late.close();
  assert.equal(await gateway.exited, 0);
});

test("requests that wait for the listener when SIGTERM comes are answered, though it closes", async () => {
  const gateway = await start();
  gateway.process.kill("SIGSTOP");
  const { hostname, port } = new URL(gateway.http);
  const body = JSON.stringify({ panel: "reward", items: [{ prompt: "what is good", candidates: [{ content: "yes" }] }] });
  const head = `POST /v1/score HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  const sockets = Array.from({ length: 100 }, () => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  const answers = sockets.map(async (socket) => {
    await new Promise((resolve) => socket.write(head + body, resolve));
    return text(socket);
  });
  gateway.process.kill("SIGTERM");
  gateway.process.kill("SIGCONT");
  for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1.1 200 .*connection: close.*"reward":/is);
  assert.equal(await gateway.exited, 0);
});

test("readiness goes off at once when a stop begins, while liveness stays, until the drain ends", async () => {
  const gateway = await start({ backend: { executors: 1, maxBatchCalls: 1 } });
  assert.equal((await fetch(`${gateway.admin}/readyz`)).status, 200);
  const release = await holdInference(gateway);
  const answers = Promise.all(Array.from({ length: 60 }, (_, index) => scoreHttp(gateway, `word ${index}`)));
  await untilRunning(gateway, 60);
  gateway.process.kill("SIGTERM");
  await untilUnready(gateway);
  assert.equal((await fetch(`${gateway.admin}/livez`)).status, 200);
  release();
  assert.ok((await answers).every((response) => response.status === 200));
  assert.equal(await gateway.exited, 0);
});

test("a drain that cannot finish answers everybody with a retry hint and exits with 3", async () => {
  const gateway = await start({ server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 }, drainTimeoutSeconds: 1 } });
  const executors = await gateway.executors();
  await holdInference(gateway);
  const client = new wire.RewardServiceClient(gateway.grpc, credentials.createInsecure());
  const http = Array.from({ length: 100 }, (_, index) => scoreHttp(gateway, `word ${index}`));
  const grpc = Promise.allSettled(Array.from({ length: 100 }, (_, index) => scoreGrpc(client, `other ${index}`)));
  await untilRunning(gateway, 200);
  gateway.process.kill("SIGTERM");
  for (const response of await Promise.all(http)) {
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get("retry-after")) >= 1);
    assert.equal(((await response.json()) as { error: { reason: string } }).error.reason, "SHUTTING_DOWN");
  }
  for (const outcome of await grpc) {
    const error = (outcome as PromiseRejectedResult).reason as ServiceError;
    assert.equal(error.code, status.UNAVAILABLE);
    assert.ok(Number(error.metadata.get("grpc-retry-pushback-ms")[0]) > 0);
  }
  client.close();
  assert.equal(await gateway.exited, 3);
  for (const pid of executors) await settled(() => !isAlive(pid), "the end of the inference processes");
});

test("a second signal ends the process although requests are running", async () => {
  const gateway = await start({ server: { http: { port: 0 }, grpc: { port: 0 }, admin: { port: 0 }, drainTimeoutSeconds: 3_600 } });
  const executors = await gateway.executors();
  await holdInference(gateway);
  const answer = scoreHttp(gateway, "word").catch(() => undefined);
  await untilRunning(gateway, 1);
  gateway.process.kill("SIGTERM");
  await untilUnready(gateway);
  let code: number | null | undefined;
  void gateway.exited.then((exited) => {
    code = exited;
  });
  // One that comes at once is an echo of the first.
  await settled(() => {
    gateway.process.kill("SIGTERM");
    return code !== undefined;
  }, "the end of the gateway");
  assert.equal(code, 3);
  await answer;
  for (const pid of executors) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone already, as it should be.
    }
  }
});

test("a signal that comes twice at once, as npm start passes it on, drains; a hang-up without a terminal is nothing", async () => {
  const gateway = await start();
  const release = await holdInference(gateway);
  const answer = scoreHttp(gateway, "word");
  await untilRunning(gateway, 1);
  gateway.process.kill("SIGHUP");
  for (const pid of await gateway.executors()) process.kill(pid, "SIGHUP");
  gateway.process.kill("SIGINT");
  gateway.process.kill("SIGTERM");
  await untilUnready(gateway);
  release();
  assert.equal((await answer).status, 200);
  assert.equal(await gateway.exited, 0);
});

test("an inference process that is killed takes no request with it, and the gateway stays ready or becomes so again", async () => {
  const gateway = await start({ backend: { maxBatchCalls: 4 } });
  const [victim, ...others] = await gateway.executors();
  await holdInference(gateway);
  const answers = Promise.all(Array.from({ length: 150 }, (_, index) => scoreHttp(gateway, `good word ${index}`).then((r) => r.json())));
  await untilRunning(gateway, 150);
  process.kill(victim!, "SIGKILL");
  for (const pid of others) process.kill(pid, "SIGCONT");
  for (const answer of await answers) {
    const candidate = (answer as { results: { candidates: { status: string; reward?: number }[] }[] }).results[0]!.candidates[0]!;
    assert.equal(candidate.status, "complete");
  }
  const next = (await (await scoreHttp(gateway, "and afterwards")).json()) as { results: { candidates: { status: string }[] }[] };
  assert.equal(next.results[0]!.candidates[0]!.status, "complete");
  gateway.process.kill("SIGTERM");
  assert.equal(await gateway.exited, 0);
});
