import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { openStates } from "../../src/state/open.ts";
import { redisMissing, startRedis } from "../support/redis.ts";
import { recordingTelemetry } from "../support/scripted-service.ts";
import { settled } from "../support/settled.ts";
import { statesOf } from "../support/states.ts";

const folder = mkdtempSync(join(tmpdir(), "rewardgate-open-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const STATES = { tracker: { kind: "quantileTracker", share: 1 } };
const RETENTION = { keepVersions: 1000, maxRuns: 1000 };

function options(written: Readonly<Record<string, object>> = STATES) {
  const { metrics, log, lines } = recordingTelemetry();
  return { lines, metrics, given: { states: statesOf(written), ...RETENTION, metrics: metrics.state, log } };
}

describe("opening the states of a gateway", () => {
  it("opens no store when there are none", async () => {
    const path = join(folder, "unused");
    const { service, close } = await openStates({ ...options({}).given, store: { type: "embedded", path } });
    assert.deepEqual(await service.list(), []);
    await close();
    assert.equal(existsSync(path), false);
  });

  it("makes the folder, and finds there what was kept before", async () => {
    const store = { type: "embedded", path: join(folder, "a", "b") } as const;
    const first = await openStates({ ...options().given, store });
    const made = await first.service.step("tracker", "r", "s", { bundleScores: [1, 2] });
    await first.close();
    const again = await openStates({ ...options().given, store });
    assert.deepEqual(await again.service.read("tracker", "r"), made);
    await again.close();
  });

  it("says which folder cannot be used, and what would do", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "");
    await assert.rejects(openStates({ ...options().given, store: { type: "embedded", path } }), {
      reason: "STATE_STORE_UNAVAILABLE",
      message: /the folder .*file cannot keep server state: .*EEXIST.*local disk/,
    });
  });

  it("fails at once when no Redis answers, and does not tell its password", async () => {
    const url = "redis://user:secret@127.0.0.1:1";
    const { given, lines } = options();
    await assert.rejects(
      openStates({ ...given, store: { type: "redis", url, prefix: "p", timeoutSeconds: 5 } }),
      (error: Error & { reason?: string }) =>
        error.reason === "STATE_STORE_UNAVAILABLE" && /ECONNREFUSED/.test(error.message) && !error.message.includes("secret"),
    );
    assert.doesNotMatch(JSON.stringify(lines), /secret/);
  });
});

describe("a Redis that takes connections and does not say a word", () => {
  it("is given up at the start after the time that the configuration allows", async (t) => {
    const held = new Set<Socket>();
    const server = createServer((socket) => void held.add(socket.on("error", () => {}).resume())).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      for (const socket of held) socket.destroy();
      server.close();
    });
    const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await assert.rejects(openStates({ ...options().given, store: { type: "redis", url, prefix: "p", timeoutSeconds: 0.2 } }), {
      reason: "STATE_STORE_UNAVAILABLE",
      message: /took the connection and said nothing for 200 ms; check its address/,
    });
    await settled(() => [...held].every(({ readableEnded }) => readableEnded), "the end of the connection");
  });

  it("is left for another connection after an outage, until one answers", { skip: redisMissing ?? false }, async (t) => {
    const redis = await startRedis();
    t.after(() => redis.remove());
    const { given, lines } = options();
    const place = { type: "redis", url: redis.url, prefix: "p", timeoutSeconds: 1 } as const;
    const { service, close } = await openStates({ ...given, store: place });
    t.after(close);
    const first = await service.step("tracker", "r", "1", { bundleScores: [1] });
    await redis.kill();
    const held = new Set<Socket>();
    const silent = createServer((socket) => void held.add(socket.on("error", () => {}).resume())).listen(
      Number(new URL(redis.url).port),
      "127.0.0.1",
    );
    await settled(() => lines.filter(({ cause }) => String(cause).includes("said nothing")).length > 1, "a second connection");
    for (const socket of held) socket.destroy();
    silent.close();
    await once(silent, "close");
    await redis.start();
    let back: unknown;
    await settled(() => {
      service.read("tracker", "r").then(
        (read) => (back = read),
        () => {},
      );
      return back !== undefined;
    });
    assert.deepEqual(back, first);
  });
});

describe("a Redis that goes away", { skip: redisMissing ?? false }, () => {
  it("is unavailable for a while, and the same step succeeds once it is back, with what was kept", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.remove());
    const { given, metrics, lines } = options();
    const { service, close } = await openStates({ ...given, store: { type: "redis", url: redis.url, prefix: "p", timeoutSeconds: 5 } });
    t.after(close);
    const first = await service.step("tracker", "r", "1", { bundleScores: [1] });
    await redis.kill();
    await assert.rejects(service.step("tracker", "r", "2", { bundleScores: [2] }), { reason: "STATE_STORE_UNAVAILABLE", retryable: true });
    await assert.rejects(service.read("tracker", "r"), { reason: "STATE_STORE_UNAVAILABLE" });
    const errors = (await metrics.state.storeErrors.get()).values;
    assert.ok(errors.some(({ labels, value }) => labels.operation === "read" && value === 1));
    assert.ok(lines.some(({ msg }) => msg === "the state store failed"));
    await redis.start();
    let back = false;
    const ask = () =>
      void service.read("tracker", "r").then(
        () => (back = true),
        () => {},
      );
    await settled(() => {
      ask();
      return back;
    });
    assert.deepEqual(await service.read("tracker", "r"), first);
    assert.equal((await service.step("tracker", "r", "2", { bundleScores: [2] })).version, 2);
  });
});

describe("a Redis that holds its connections and answers nothing", { skip: redisMissing ?? false }, () => {
  it("is given up after the time that the configuration allows, and asked anew over another connection", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.remove());
    const { given } = options();
    const place = { type: "redis", url: redis.url, prefix: "p", timeoutSeconds: 2 } as const;
    const { service, close } = await openStates({ ...given, store: place });
    t.after(close);
    const first = await service.step("tracker", "r", "1", { bundleScores: [1] });
    redis.freeze();
    await assert.rejects(service.step("tracker", "r", "2", { bundleScores: [2] }), { reason: "STATE_STORE_UNAVAILABLE" });
    await assert.rejects(service.read("tracker", "r"), { reason: "STATE_STORE_UNAVAILABLE" });
    redis.thaw();
    let again: Awaited<ReturnType<typeof service.read>> | undefined;
    const ask = () =>
      void service.read("tracker", "r").then(
        (read) => (again = read),
        () => {},
      );
    await settled(() => {
      ask();
      return again !== undefined;
    });
    // The step may have reached the server; its id tells.
    assert.deepEqual(await service.read("tracker", "r", 1), first);
    assert.equal((await service.step("tracker", "r", "2", { bundleScores: [2] })).version, 2);
  });
});

describe("a stop while a Redis answers nothing", { skip: redisMissing ?? false }, () => {
  it("leaves no connection behind, which would hold the process", async (t) => {
    const redis = await startRedis();
    t.after(() => redis.remove());
    const { given } = options();
    const place = { type: "redis", url: redis.url, prefix: "p", timeoutSeconds: 1 } as const;
    const { service, close } = await openStates({ ...given, store: place });
    const held = () => process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length;
    const before = held();
    redis.freeze();
    // The stop comes in the moment in which the next connection is begun.
    await assert.rejects(service.read("tracker", "r"), { reason: "STATE_STORE_UNAVAILABLE" });
    await close();
    await settled(() => held() < before, "the end of the connection");
  });
});

describe("a Redis with a password", { skip: redisMissing ?? false }, () => {
  it("takes it from a file, which is read anew for every connection, and nobody is told it", async (t) => {
    const redis = await startRedis("--requirepass", "first-secret");
    t.after(() => redis.remove());
    const passwordFile = join(folder, "password");
    writeFileSync(passwordFile, "wrong-secret\n");
    const { given, lines } = options();
    const store = { type: "redis", url: redis.url, passwordFile, prefix: "p", timeoutSeconds: 5 } as const;
    await assert.rejects(
      openStates({ ...given, store }),
      (error: Error & { reason?: string }) =>
        error.reason === "STATE_STORE_UNAVAILABLE" && /WRONGPASS/.test(error.message) && !error.message.includes("secret"),
    );
    writeFileSync(passwordFile, "first-secret\n");
    const { service, close } = await openStates({ ...given, store });
    t.after(close);
    assert.equal((await service.step("tracker", "r", "1", { bundleScores: [1] })).version, 1);
    assert.doesNotMatch(JSON.stringify(lines), /secret/);
  });
});
