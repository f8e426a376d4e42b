import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { startAdminServer } from "../../../src/transport/admin/server.ts";
import { recordingTelemetry, scriptedReadiness } from "../../support/scripted-service.ts";

async function open(t: TestContext, ready: boolean) {
  const readiness = scriptedReadiness(ready);
  const { metrics } = recordingTelemetry();
  const server = await startAdminServer({ host: "127.0.0.1", port: 0, readiness, metrics });
  t.after(() => server.close(0));
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { readiness, server, get };
}

test("the three probes are apart: alive always, ready now, started once", async (t) => {
  const { readiness, get } = await open(t, false);
  const statuses = async () => [(await get("/livez")).status, (await get("/readyz")).status, (await get("/startupz")).status];
  assert.deepEqual(await statuses(), [200, 503, 503]);
  readiness.set(true);
  assert.deepEqual(await statuses(), [200, 200, 200]);
  readiness.set(false);
  assert.deepEqual(await statuses(), [200, 503, 200]);
});

test("/readyz says which check fails, and lists all with ?verbose", async (t) => {
  const { readiness, get } = await open(t, true);
  assert.equal((await get("/readyz?verbose")).text, "[+] accepting: yes\nready\n");
  readiness.set(false);
  assert.equal((await get("/readyz")).text, "not ready: accepting\n");
  assert.equal((await get("/readyz?verbose")).text, "[-] accepting: draining\nnot ready\n");
});

test("/metrics is Prometheus text with the gateway's own series", async (t) => {
  const { get } = await open(t, true);
  const { text, headers } = await get("/metrics");
  assert.match(String(headers.get("content-type")), /^text\/plain; version=0\.0\.4/);
  assert.match(text, /^rewardgate_requests_running 0$/m);
});

test("other routes are 404 and other verbs 405", async (t) => {
  const { get } = await open(t, true);
  assert.equal((await get("/v1/score")).status, 404);
  assert.equal((await get("/livez", { method: "POST" })).status, 405);
});

test("an address that is no URL is 404 like any other, and the probes answer on", async (t) => {
  const { get } = await open(t, true);
  for (const path of ["//", "///", "//:x", "//livez"]) assert.equal((await get(path)).status, 404, path);
  assert.equal((await get("/livez?why")).status, 200);
});

test("a port in use is a configuration error that names the address", async (t) => {
  const { server, readiness } = await open(t, true);
  await assert.rejects(
    startAdminServer({ host: "127.0.0.1", port: server.port, readiness, metrics: recordingTelemetry().metrics }),
    (error) => error instanceof GatewayError && error.reason === "CONFIG_INVALID" && error.message.includes(`:${server.port}`),
  );
});
