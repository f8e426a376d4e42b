import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, test } from "node:test";
import { createExternalBackend, type ExternalBackendOptions } from "../../../src/backends/external/backend.ts";
import { createJudgeTarget } from "../../../src/backends/external/grpc-target.ts";
import { externalParams } from "../../../src/backends/external/params.ts";
import { createHost } from "../../../src/backends/upstream/resolve-host.ts";
import type { ExternalCall, OpenBackend, PreparedCall } from "../../../src/domain/backend.ts";
import type { GatewayError } from "../../../src/domain/errors.ts";
import { DESCRIPTION, GRPC, Refusal, scoresByLength, startGrpcJudge } from "../../support/judge-service.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import { settle } from "../../support/scripted.ts";
import { settled } from "../../support/settled.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

type Service = Awaited<ReturnType<typeof startGrpcJudge>>;

async function serviceOf(): Promise<Service> {
  const service = await startGrpcJudge();
  cleanups.push(() => service.close());
  return service;
}

/** A backend on a clock that the test moves. */
async function open(services: readonly Service[], changes: Partial<ExternalBackendOptions> = {}) {
  const { type: _, ...defaults } = externalParams.parse({ type: "external", url: services.map(({ url }) => url) });
  const clock = manualClock();
  const backend = await createExternalBackend({
    ...defaults,
    name: "svc",
    expected: DESCRIPTION.judges,
    clock,
    random: () => 0.5,
    ...changes,
  });
  cleanups.push(() => backend.close(0));
  return { backend, clock };
}

async function ask(backend: OpenBackend): Promise<unknown> {
  const call: ExternalCall = {
    type: "external",
    judge: "length",
    prompt: [{ role: "user", content: "hi" }],
    candidates: ["abc"],
    metadata: {},
  };
  const [result] = await backend.run((await backend.prepare([call])) as PreparedCall[]);
  return result!.external!.verdicts[0];
}

/** Waits until the service was asked so often, or some turns of the event loop have passed. */
async function asked(service: Service, times: number): Promise<number> {
  for (let turn = 0; turn < 200 && service.asked.length < times; turn++) await settle(5);
  await settle(50);
  return service.asked.length;
}

/** Lets time pass until the call has ended. */
async function ended(clock: ManualClock, call: Promise<unknown>): Promise<unknown> {
  let outcome: unknown;
  void call.then(
    (value) => (outcome = value),
    (error: GatewayError) => (outcome = error.reason),
  );
  for (let turn = 0; turn < 2_000 && outcome === undefined; turn++) {
    await settle(20);
    clock.advance(100);
  }
  return outcome;
}

const SCORED = { outcome: "scored", value: 3 };
const busyThenWell = (service: Service, headers: Readonly<Record<string, string>>, code: number = GRPC.UNAVAILABLE) => {
  service.script = (call) => (service.asked.length === 1 ? new Refusal(code, headers) : scoresByLength(call));
};

test("a service that says when it wants the call again gets it then: not before, and at most a fifth later", async () => {
  const service = await serviceOf();
  for (const code of [GRPC.UNAVAILABLE, GRPC.RESOURCE_EXHAUSTED]) {
    const { backend, clock } = await open([service]);
    service.asked.length = 0;
    busyThenWell(service, { "grpc-retry-pushback-ms": "700" }, code);
    const call = ask(backend);
    assert.equal(await asked(service, 1), 1);
    for (let turn = 0; turn < 1_000 && clock.pending < 2; turn++) await settle(1);
    clock.advance(699);
    assert.equal(await asked(service, 2), 1);
    clock.advance(701 * 0.2);
    assert.equal(await asked(service, 2), 2);
    assert.deepEqual(await call, SCORED);
  }
});

test("a service that says that it does not want the call again, or says it so that nobody understands, does not get it", async () => {
  const [service, other] = [await serviceOf(), await serviceOf()];
  for (const pushback of ["-1", "-700", "soon", ""]) {
    for (const services of [[service], [service, other]]) {
      const { backend, clock } = await open(services);
      for (const each of [service, other]) {
        each.asked.length = 0;
        each.script = () => new Refusal(GRPC.UNAVAILABLE, { "grpc-retry-pushback-ms": pushback });
      }
      assert.equal(await ended(clock, ask(backend)), "BACKEND_UNAVAILABLE", pushback);
      assert.equal(service.asked.length + other.asked.length, 1, pushback);
    }
  }
});

test("attempts of one call number three at most, and each tells the service how many were made before", async () => {
  const service = await serviceOf();
  const { backend, clock } = await open([service]);
  service.script = () => new Refusal(GRPC.UNAVAILABLE);
  assert.equal(await ended(clock, ask(backend)), "BACKEND_UNAVAILABLE");
  assert.deepEqual(
    service.headers.map((headers) => headers["grpc-previous-rpc-attempts"]),
    [undefined, "1", "2"],
  );
});

test("a connection that cannot be made, or breaks, is told from a service that answers", async () => {
  const service = await startGrpcJudge();
  const target = createJudgeTarget({
    ...{ url: service.url, host: createHost({ host: "127.0.0.1" }), connections: 1, connectTimeoutMs: 5_000, maxResponseBytes: 10_000 },
    clock: manualClock(),
  });
  cleanups.push(() => target.close(0));
  const body = JSON.stringify({ judge: "length", items: [] });
  const send = async () =>
    (await target.send({ method: "POST", path: "/judge", body, timeoutMs: 60_000 })) as { kind: string; status?: number };
  service.script = () => new Refusal(GRPC.UNAVAILABLE);
  assert.equal((await send()).status, 503);
  service.script = () => void service.close();
  assert.equal((await send()).kind, "broken");
  assert.equal((await send()).kind, "broken");
});

/** Stands between a target and a service, and may keep to itself what comes back on the connections that it has. */
async function startMiddle(service: Service) {
  const ends: { readonly client: Socket; readonly server: Socket }[] = [];
  const middle = createServer((client) => {
    const server = connect(Number(new URL(service.url.replace(/^grpc/, "http")).port), "127.0.0.1");
    for (const socket of [client, server]) socket.on("error", () => {});
    client.pipe(server).pipe(client);
    ends.push({ client, server });
  });
  await new Promise<void>((resolve) => middle.listen(0, "127.0.0.1", resolve));
  cleanups.push(() => {
    for (const { client, server } of ends) for (const socket of [client, server]) socket.destroy();
    middle.close();
  });
  return {
    url: `grpc://127.0.0.1:${(middle.address() as AddressInfo).port}`,
    connections: () => ends.length,
    hold: () => ends.map(({ client, server }) => server.unpipe(client)),
    release: () => ends.map(({ client, server }) => server.pipe(client)),
  };
}

test("after a call without an answer the next goes over another connection, since this one's peer may be gone; what runs on it is not lost", async () => {
  const service = await serviceOf();
  const middle = await startMiddle(service);
  const clock = manualClock();
  const target = createJudgeTarget({
    ...{
      url: middle.url,
      host: createHost({ host: "127.0.0.1" }),
      connections: 1,
      connectTimeoutMs: 5_000,
      maxResponseBytes: 10_000,
      clock,
    },
  });
  cleanups.push(() => target.close(0));
  const body = JSON.stringify({ judge: "length", items: [] });
  const send = async (timeoutMs: number) => (await target.send({ method: "POST", path: "/judge", body, timeoutMs })).kind;
  assert.equal(await send(60_000), "answered");
  middle.hold();
  const patient = send(60_000);
  const late = send(1_000);
  await settled(() => service.asked.length === 3);
  clock.advance(1_000);
  assert.equal(await late, "late");
  const next = send(60_000);
  await settled(() => service.asked.length === 4);
  assert.equal(middle.connections(), 2);
  assert.equal(await next, "answered");
  middle.release();
  assert.equal(await patient, "answered");
});
