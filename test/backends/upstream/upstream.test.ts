import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openUpstream, type Upstream, type UpstreamOptions } from "../../../src/backends/upstream/upstream.ts";
import type { RunContext } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics, type Metrics } from "../../../src/telemetry/metrics.ts";
import type { ChatScript, ChatServer } from "../../support/chat-server.ts";
import { freePort } from "../../support/free-port.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { passTime, quiet } from "../../support/quiet.ts";
import { startScoreServer } from "../../support/score-server.ts";
import { settle } from "../../support/scripted.ts";

const cleanups: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function serverOf(score: number | ChatScript, port = 0): Promise<ChatServer> {
  const server = await startScoreServer(score, port);
  cleanups.push(() => server.close());
  return server;
}

/** An upstream on a clock that the test moves. */
async function upstreamOf(servers: readonly ChatServer[], changes: Partial<UpstreamOptions<number>> = {}) {
  const clock = manualClock();
  const metrics = createMetrics({ version: "test", commit: "test" });
  const upstream = await openUpstream<number>({
    name: "rm",
    urls: servers.map(({ url }) => url),
    concurrency: 16,
    connectTimeoutMs: 5_000,
    responseTimeoutMs: 60_000,
    maxResponseBytes: 10_000,
    maxAttempts: 3,
    healthPath: "/health",
    healthIntervalMs: 5_000,
    reading: { answer: (body) => (JSON.parse(body) as { score?: number }).score },
    clock,
    random: randomOf(1),
    metrics: metrics.upstream,
    ...changes,
  });
  cleanups.push(() => upstream.close(0));
  return { upstream, clock, metrics };
}

/** The same numbers in every run. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const ask = (upstream: Upstream<number>, context?: RunContext) => upstream.post("/score", '{"text":"hi"}', context);

/** What a call came to: its score, or the reason why there is none. Whenever nothing else happens, time passes. */
async function inTime(clock: ReturnType<typeof manualClock>, calls: Promise<number>[], stepMs = 50): Promise<(number | string)[]> {
  let outcomes: (number | string)[] | undefined;
  void Promise.all(calls.map((call) => call.catch((error: GatewayError) => error.reason))).then((all) => (outcomes = all));
  await passTime(clock, () => outcomes !== undefined, stepMs);
  return outcomes!;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle(1);
}

/** A metric by address. */
async function byAddress(metrics: Metrics, name: "up" | "proven" | "ejections" | "running", servers: readonly ChatServer[]) {
  const { values } = await metrics.upstream[name].get();
  return servers.map(({ host }) => values.find(({ labels }) => labels.address === host)?.value);
}

const broken: ChatScript = (_call, response) => void response.socket!.destroy();
const times = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

test("the least loaded address is asked, so a slow one gets what it can take, and equals share the work", async () => {
  const slow = await serverOf(() => undefined);
  const servers = [slow, await serverOf(1), await serverOf(1)];
  const { upstream, metrics } = await upstreamOf(servers);
  let held: Promise<unknown> = Promise.resolve();
  for (let answered = 0; answered < 60; ) {
    let done = false;
    const asked = slow.chats.length;
    const call = ask(upstream).finally(() => (done = true));
    await until(() => done || slow.chats.length > asked);
    if (done) answered++;
    else held = call.catch(() => undefined);
  }
  assert.equal(slow.chats.length, 1);
  for (const { chats } of servers.slice(1)) assert.ok(chats.length >= 15, `${chats.length}`);
  assert.deepEqual(await byAddress(metrics, "running", servers), [1, 0, 0]);
  await upstream.close(0);
  await held;
});

test("every call of a server that dies under them is answered by the others, and each is answered", async () => {
  const dying = await serverOf(() => undefined);
  const servers = [dying, await serverOf(1), await serverOf(1)];
  const { upstream, clock } = await upstreamOf(servers);
  const calls = times(16, () => ask(upstream));
  await until(() => servers.reduce((sum, { chats }) => sum + chats.length, 0) === 16);
  const held = dying.chats.length;
  assert.ok(held === 5 || held === 6, `${held}`);
  await dying.close();
  assert.deepEqual(
    await inTime(clock, calls),
    times(16, () => 1),
  );
  assert.equal(servers[1]!.chats.length + servers[2]!.chats.length, 16);
});

test("an address that answers with 500 is left alone after a few calls, no call is lost to it, and it is used again when it recovers", async () => {
  const servers = [await serverOf(() => ({ status: 500 })), await serverOf(1), await serverOf(1)];
  const { upstream, clock, metrics } = await upstreamOf(servers);
  for (let n = 0; n < 100; n++) assert.equal(await ask(upstream), 1);
  assert.equal(servers[0]!.chats.length, 5);
  assert.deepEqual(await byAddress(metrics, "ejections", servers), [1, 0, 0]);
  assert.equal(upstream.ready, true);
  clock.advance(6_000);
  for (let n = 0; n < 30; n++) assert.equal(await ask(upstream), 1);
  assert.equal(servers[0]!.chats.length, 6, "one probe, which failed");
  servers[0]!.script = () => ({ json: { score: 1 } });
  clock.advance(12_000);
  for (let n = 0; n < 30; n++) assert.equal(await ask(upstream), 1);
  assert.ok(servers[0]!.chats.length > 10);
});

test("an address that fails clearly more often than the others is left alone, and the last one that works never is", async () => {
  let calls = 0;
  const servers = [await serverOf(() => (++calls % 3 === 0 ? { status: 500 } : { json: { score: 1 } })), await serverOf(1)];
  const { upstream, clock, metrics } = await upstreamOf(servers);
  for (let n = 0; n < 100; n++) assert.equal(await ask(upstream), 1);
  assert.deepEqual(await byAddress(metrics, "ejections", servers), [1, 0]);
  servers[1]!.health = 500;
  await passTime(clock, () => !servers[1] || upstream.ready);
  clock.advance(60_000);
  await until(async () => (await byAddress(metrics, "up", servers))[1] === 0);
  const outcomes = await inTime(
    clock,
    times(60, () => ask(upstream)),
  );
  assert.equal(outcomes.filter((outcome) => outcome === 1).length >= 55, true);
  assert.equal(upstream.ready, true);
});

test("a server that is slow to answer is given up, and its call is answered by another", async () => {
  const servers = [await serverOf(() => undefined), await serverOf(1)];
  const { upstream, clock } = await upstreamOf(servers);
  const outcomes = await inTime(
    clock,
    times(6, () => ask(upstream)),
    5_000,
  );
  assert.deepEqual(
    outcomes,
    times(6, () => 1),
  );
  assert.ok(servers[0]!.chats.length > 0);
});

test("a server that shows a flaw is never asked for a score, whatever becomes of the others, and is used once it passes", async () => {
  const servers = [await serverOf(1), await serverOf(1), await serverOf(7)];
  const { upstream, clock, metrics } = await upstreamOf(servers, { prove: goldenOf(1) });
  assert.equal(upstream.ready, true);
  const proofs = servers[2]!.chats.length;
  for (let n = 0; n < 30; n++) assert.equal(await ask(upstream), 1);
  assert.equal(servers[2]!.chats.length, proofs);
  assert.deepEqual(await byAddress(metrics, "proven", servers), [1, 1, 0]);
  assert.match(upstream.flaw?.message ?? "", /golden/);

  for (const server of servers.slice(0, 2)) Object.assign(server, { health: 503, script: () => ({ status: 500 }) });
  await passTime(clock, () => !upstream.ready);
  await assert.rejects(
    ask(upstream),
    (error: GatewayError) => error.reason === "BACKEND_UNAVAILABLE" || error.reason === "BACKEND_REFUSED",
  );
  servers[2]!.script = () => ({ json: { score: 1 } });
  await passTime(clock, () => upstream.ready);
  assert.equal(await ask(upstream), 1);
});

test("where every server that answers shows a flaw, the upstream does not open; one that comes later is not used", async () => {
  await assert.rejects(upstreamOf([await serverOf(7), await serverOf(8)], { prove: goldenOf(1) }), { reason: "CONFIG_INVALID" });
  const late = await serverOf(7);
  late.health = 503;
  const { upstream, clock } = await upstreamOf([late], { prove: goldenOf(1) });
  late.health = 200;
  await passTime(clock, () => /golden/.test(upstream.flaw?.message ?? ""));
  assert.equal(upstream.ready, false);
  await assert.rejects(ask(upstream), { reason: "BACKEND_REFUSED" });
});

test("a server that was replaced between two health checks is tried again before its next score is used", async () => {
  const servers = [await serverOf(1), await serverOf(1)];
  const { upstream } = await upstreamOf(servers, { prove: goldenOf(1) });
  let breaks = 1;
  servers[0]!.script = (call, response) => (breaks-- > 0 ? broken(call, response) : { json: { score: 7 } });
  for (let n = 0; n < 40; n++) assert.equal(await ask(upstream), 1);
  assert.match(upstream.flaw?.message ?? "", /golden/);
});

test("a server is tried again on a timer, and is not asked any more once it does not pass", async () => {
  const servers = [await serverOf(1), await serverOf(1)];
  const { upstream, clock } = await upstreamOf(servers, { prove: goldenOf(1), proofIntervalMs: 60_000 });
  servers[0]!.script = () => ({ json: { score: 7 } });
  await passTime(clock, () => /golden/.test(upstream.flaw?.message ?? ""));
  for (let n = 0; n < 20; n++) assert.equal(await ask(upstream), 1);
  assert.equal(upstream.ready, true);
});

test("an answer of another model is no answer: the call goes elsewhere, and the server is tried again", async () => {
  const servers = [await serverOf(1), await serverOf(1)];
  const flaw = (score: number) => (score === 7 ? new GatewayError("BACKEND_REFUSED", "another model") : undefined);
  const { upstream, metrics } = await upstreamOf(servers, {
    prove: goldenOf(1),
    reading: { answer: (body) => JSON.parse(body).score, flaw },
  });
  servers[0]!.script = () => ({ json: { score: 7 } });
  for (let n = 0; n < 20; n++) assert.equal(await ask(upstream), 1);
  await until(async () => (await byAddress(metrics, "proven", servers))[0] === 0);
  assert.equal(upstream.ready, true);
});

test("when all addresses are down calls fail, and none hangs; when one comes back they are answered", async () => {
  const ports = [await freePort(), await freePort()];
  const servers = [await serverOf(1, ports[0]), await serverOf(1, ports[1])];
  const { upstream, clock, metrics } = await upstreamOf(servers);
  for (const server of servers) await server.close();
  const outcomes = await inTime(
    clock,
    times(64, () => ask(upstream)),
  );
  assert.deepEqual([...new Set(outcomes)], ["BACKEND_UNAVAILABLE"]);
  assert.equal(upstream.ready, false);
  await assert.rejects(ask(upstream), (error: GatewayError) => error.reason === "BACKEND_UNAVAILABLE");
  const back = await serverOf(1, ports[1]);
  await passTime(clock, () => upstream.ready);
  assert.deepEqual(await inTime(clock, [ask(upstream)]), [1]);
  assert.equal(back.chats.length, 1);
  assert.ok((await metrics.upstream.retries.get()).values[0]!.value <= 64);
});

test("while all of several addresses are left alone, one is still probed each second, and the first that answers is used", async () => {
  const servers = [await serverOf(() => ({ status: 500 })), await serverOf(() => ({ status: 500 }))];
  const { upstream, clock, metrics } = await upstreamOf(servers);
  while (upstream.ready) await inTime(clock, [ask(upstream)], 1);
  const asked = () => servers.reduce((sum, { chats }) => sum + chats.length, 0);
  await assert.rejects(ask(upstream));
  const before = asked();
  for (let n = 0; n < 20; n++) await assert.rejects(ask(upstream), (error: GatewayError) => error.reason === "BACKEND_UNAVAILABLE");
  assert.equal(asked(), before);
  for (const server of servers) server.script = () => ({ json: { score: 1 } });
  clock.advance(1_000);
  assert.equal(await ask(upstream), 1);
  assert.ok((await metrics.upstream.lastResorts.get()).values[0]!.value >= 1);
});

test("an address that asks for rest gets it while others work, and a call whose callers would not wait for it fails at once", async () => {
  const resting = await serverOf(() => ({ status: 429, headers: { "retry-after": "2" } }));
  const servers = [resting, await serverOf(1)];
  const { upstream, clock } = await upstreamOf(servers);
  for (let n = 0; n < 40; n++) assert.equal(await ask(upstream), 1);
  assert.equal(resting.chats.length, 1);
  await servers[1]!.close();
  clock.advance(5_000);
  await passTime(clock, () => resting.chats.length >= 1);
  const alone = await upstreamOf([resting]);
  const impatient = { signal: new AbortController().signal, remainingMs: () => 1_500, alone: false };
  await assert.rejects(ask(alone.upstream, impatient), { reason: "BACKEND_UNAVAILABLE" });
  await assert.rejects(ask(alone.upstream, impatient), (error: GatewayError) => Number(error.details.retryAfterMs) >= 2_000);
});

test("calls that wait out a server's rest count against its rate from when they are made, so no minute holds too many", async () => {
  const madeAt: number[] = [];
  const server = await serverOf(() => {
    madeAt.push(clock.now());
    return madeAt.length === 1 ? { status: 429, headers: { "retry-after": "20" } } : { json: { score: 1 } };
  });
  const { upstream, clock } = await upstreamOf([server], { rate: { requestsPerMinute: 3, tokensOf: () => 0 } });
  const first = ask(upstream);
  await until(() => madeAt.length === 1);
  await quiet();
  assert.deepEqual(await inTime(clock, [first, ...times(6, () => ask(upstream))], 1_000), [1, 1, 1, 1, 1, 1, 1]);
  assert.equal(madeAt.length, 8);
  for (const [index, at] of madeAt.slice(3).entries()) assert.ok(at - madeAt[index]! >= 60_000, `made at ${madeAt.join(", ")} ms`);
});

test("no server is left alone for longer than 30 s because it asked for more", async () => {
  const server = await serverOf(() => ({ status: 503, headers: { "retry-after": "1000000000" } }));
  const { upstream, clock } = await upstreamOf([server]);
  const answer = ask(upstream);
  await until(() => server.chats.length === 1 && clock.pending >= 2);
  server.script = () => ({ json: { score: 1 } });
  await inTime(clock, [answer], 1_000);
  assert.ok(clock.now() <= 40_000);
  assert.equal(await answer, 1);
});

test("a call whose callers leave while it waits for an address ends at once, and blames none", async () => {
  const server = await serverOf(() => ({ status: 429, headers: { "retry-after": "20" } }));
  const { upstream, clock } = await upstreamOf([server]);
  const controller = new AbortController();
  const answer = ask(upstream, { signal: controller.signal, remainingMs: () => 60_000, alone: false });
  await until(() => server.chats.length === 1 && clock.pending >= 2);
  controller.abort();
  await assert.rejects(answer);
  assert.equal(server.chats.length, 1);
  assert.equal(upstream.ready, true);
});

test("a server whose health check gets no answer counts as away within three intervals, and the others are asked", async () => {
  const servers = [await serverOf(1), await serverOf(1)];
  const { upstream, clock, metrics } = await upstreamOf(servers, { healthIntervalMs: 5_000 });
  assert.deepEqual(await byAddress(metrics, "up", servers), [1, 1]);
  servers[0]!.health = 0;
  const frozenAt = clock.now();
  while ((await byAddress(metrics, "up", servers))[0] !== 0) {
    assert.ok(clock.now() - frozenAt <= 15_000, `${clock.now() - frozenAt} ms`);
    // The check that answers, or the new one, is on its way before time passes.
    for (let turn = 0; turn < 5; turn++) await settle(20);
    clock.advance(250);
  }
  const before = servers[0]!.chats.length;
  for (let n = 0; n < 20; n++) assert.equal(await ask(upstream), 1);
  assert.equal(servers[0]!.chats.length, before);
  assert.equal(upstream.ready, true);
});

test("a server that is too busy for a check and answers calls meanwhile is not away, and has nothing to show again", async () => {
  const server = await serverOf(1);
  const { upstream, clock, metrics } = await upstreamOf([server], { prove: goldenOf(1) });
  const proofs = server.chats.length;
  server.health = 0;
  let calls = 0;
  for (const end = clock.now() + 30_000; clock.now() < end; clock.advance(1_000)) {
    await quiet();
    assert.equal(await ask(upstream), 1);
    calls++;
    assert.deepEqual(await byAddress(metrics, "up", [server]), [1]);
  }
  assert.equal(server.chats.length, proofs + calls);
  await passTime(clock, () => !upstream.ready);
  assert.deepEqual(await byAddress(metrics, "up", [server]), [0]);
});

const numbered = (upstream: Upstream<number>, n: number) => upstream.post("/score", JSON.stringify({ n }));

/** Answers a number twice asked, and holds what `slow` says when it is asked the first time. */
function holdsFirst(slow: (n: number) => boolean): ChatScript {
  const held = new Set<number>();
  return ({ body }) => {
    const n = body.n as number;
    if (!slow(n) || held.has(n)) return { json: { score: n } };
    held.add(n);
    return undefined;
  };
}

test("a call that takes long is made once more, its first answer is taken and the other attempt given up: 5 % of calls at most", async () => {
  for (const addresses of [1, 2]) {
    const script = holdsFirst((n) => n >= 40 && n % 20 === 19);
    const servers = await Promise.all(times(addresses, () => serverOf(script)));
    const { upstream, clock, metrics } = await upstreamOf(servers, { hedge: true });
    const chats = () => servers.flatMap((server) => server.chats);
    const durations: number[] = [];
    for (let n = 0; n < 500; n++) {
      const began = clock.now();
      let done = false;
      const call = numbered(upstream, n).finally(() => (done = true));
      await until(() => done || chats().length > n + durations.filter((ms) => ms > 0).length);
      for (let turn = 0; turn < 2_000 && !done; turn++) {
        // An answer of a fast call is on its way; only a slow one needs time.
        await settle(5);
        if (n >= 40 && n % 20 === 19 && clock.now() < began + 10) clock.advance(1);
      }
      assert.equal(await call, n);
      durations.push(clock.now() - began);
    }
    const slow = durations.filter((ms) => ms > 0);
    assert.equal(slow.length, 23);
    assert.ok(Math.max(...slow) <= 40, `${Math.max(...slow)} ms where the server would have taken for ever`);
    assert.equal(chats().length, 523);
    await until(() => chats().filter(({ aborted }) => aborted).length === 23);
    const { values } = await metrics.upstream.hedges.get();
    assert.deepEqual(Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value])), { won: 23, lost: 0 });
    assert.deepEqual(
      await byAddress(metrics, "ejections", servers),
      times(addresses, () => 0),
    );
  }
});

test("while every call takes long no more than a twentieth is made twice, and none is where it is not asked for", async () => {
  for (const hedge of [true, false]) {
    const server = await serverOf(holdsFirst((n) => n >= 40));
    const { upstream, clock } = await upstreamOf([server], { hedge, concurrency: 512 });
    for (let n = 0; n < 40; n++) await numbered(upstream, n);
    const slow = times(200, (n) => numbered(upstream, 40 + n).catch(() => undefined));
    await until(() => server.chats.length === 240);
    clock.advance(1_000);
    await until(() => server.chats.length === 240 + (hedge ? 10 : 0));
    await settle(200);
    clock.advance(1_000);
    await settle(200);
    assert.equal(server.chats.length, 240 + (hedge ? 10 : 0));
    await upstream.close(0);
    await Promise.all(slow);
  }
});

/** A proof that wants one score. */
function goldenOf(wanted: number): NonNullable<UpstreamOptions<number>["prove"]> {
  return async (server) => {
    if ((await server.post("/score", "{}")) !== wanted) throw new GatewayError("CONFIG_INVALID", "golden scores differ");
  };
}
