import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { after, test } from "node:test";
import { BACKEND_PARAMS, createExternalBackend, type ExternalBackendOptions, forbiddenAddress } from "../../../src/backends/index.ts";
import { createHost, ForbiddenHost, type HostOptions, type Resolve } from "../../../src/backends/upstream/resolve-host.ts";
import type { ExternalCall, OpenBackend, PreparedCall } from "../../../src/domain/backend.ts";
import { GatewayError } from "../../../src/domain/errors.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { freePort } from "../../support/free-port.ts";
import { DESCRIPTION, type JudgeService, type Place, Refusal, startGrpcJudge, startHttpJudge } from "../../support/judge-service.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";
import { passTime, quiet } from "../../support/quiet.ts";
import { settled } from "../../support/settled.ts";

const cleanups: (() => unknown)[] = [];
after(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

const answer = (...ips: readonly string[]) => ips.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
const alwaysTo =
  (...ips: readonly string[]): Resolve =>
  async () =>
    answer(...ips);
const hostOf = (resolve: Resolve, changes: Partial<HostOptions> = {}) => createHost({ host: "svc.internal", resolve, ...changes });
const ipsOf = async (host: ReturnType<typeof createHost>) => (await host.addresses()).map(({ address }) => address);

test("each answer begins with another address, and connections that open together share one question", async () => {
  let asked = 0;
  const host = hostOf(async (name) => {
    assert.equal(name, "svc.internal");
    asked++;
    return answer("10.0.0.1", "10.0.0.2", "fd00::3");
  });
  const all = await Promise.all([ipsOf(host), ipsOf(host), ipsOf(host), ipsOf(host)]);
  assert.deepEqual(
    all.map(([first]) => first),
    ["10.0.0.1", "10.0.0.2", "fd00::3", "10.0.0.1"],
  );
  assert.deepEqual(all[1], ["10.0.0.2", "fd00::3", "10.0.0.1"]);
  assert.equal(asked, 1);
  await ipsOf(host);
  assert.equal(asked, 2);
});

test("of an answer only what may be reached is kept, and who watches hears of the rest", async () => {
  const heard: (readonly string[])[] = [];
  const onForbidden = (ips: readonly string[]) => heard.push(ips);
  assert.deepEqual(await ipsOf(hostOf(alwaysTo("127.0.0.1", "10.0.0.1", "fe80::1%eth0"), { onForbidden })), ["10.0.0.1"]);
  const host = hostOf(alwaysTo("169.254.169.254", "::1"), { onForbidden });
  await assert.rejects(
    host.addresses(),
    (error) => error instanceof ForbiddenHost && /svc\.internal stands for 169\.254.*metadata.*::1/.test(error.message),
  );
  assert.deepEqual(heard, [
    ["127.0.0.1", "fe80::1%eth0"],
    ["169.254.169.254", "::1"],
  ]);
  assert.ok(host.forbidden instanceof ForbiddenHost);
});

test("an address that is written is asked of nobody, and one that may not be reached is no host", async () => {
  const resolve: Resolve = () => assert.fail("asked for an address");
  assert.deepEqual(await ipsOf(createHost({ host: "127.0.0.1", resolve })), ["127.0.0.1"]);
  assert.deepEqual(await ipsOf(createHost({ host: "::1", resolve })), ["::1"]);
  for (const host of ["169.254.169.254", "0.0.0.0", "::ffff:7f00:1"]) assert.throws(() => createHost({ host, resolve }), ForbiddenHost);
});

test("a question that fails, or has no answer, is one failed connection: the next one asks again", async () => {
  const answers = [Promise.reject(new Error("ENOTFOUND")), Promise.resolve([]), Promise.resolve(answer("10.0.0.1"))];
  const host = hostOf(() => answers.shift()!);
  await assert.rejects(host.addresses(), /ENOTFOUND/);
  await assert.rejects(host.addresses(), /no address/);
  assert.deepEqual(await ipsOf(host), ["10.0.0.1"]);
});

/** A listener that must not be called, on both families where the machine has both. */
async function trap(): Promise<{ readonly port: number; readonly connections: () => number }> {
  let connections = 0;
  const listen = (host: string, port: number) =>
    new Promise<Server | undefined>((resolve) => {
      const server = createServer((socket) => {
        connections++;
        socket.destroy();
      });
      server.once("error", () => resolve(undefined));
      server.listen(port, host, () => resolve(server));
    });
  const ipv4 = (await listen("127.0.0.1", 0))!;
  const { port } = ipv4.address() as { port: number };
  const ipv6 = await listen("::1", port);
  cleanups.push(
    () => ipv4.close(),
    () => ipv6?.close(),
  );
  return { port, connections: () => connections };
}

interface Opened {
  readonly backend: OpenBackend;
  readonly clock: ManualClock;
  readonly metrics: ReturnType<typeof createMetrics>;
}

async function open(url: string | readonly string[], changes: Partial<ExternalBackendOptions> = {}): Promise<Opened> {
  const { type: _, url: __, ...defaults } = BACKEND_PARAMS.external.parse({ type: "external", url: "http://h", maxAttempts: 1 });
  const clock = manualClock();
  const metrics = createMetrics({ version: "test", commit: "test" });
  const expected = DESCRIPTION.judges;
  const backend = await createExternalBackend({ ...defaults, name: "svc", url, expected, clock, metrics, random: () => 0, ...changes });
  cleanups.push(() => backend.close(0));
  return { backend, clock, metrics };
}

async function ask(backend: OpenBackend, text = "abc"): Promise<void> {
  const call: ExternalCall = {
    type: "external",
    judge: "length",
    prompt: [{ role: "user", content: "hi" }],
    candidates: [text],
    metadata: {},
  };
  const [result] = await backend.run((await backend.prepare([call])) as PreparedCall[]);
  assert.deepEqual(result!.external!.verdicts, [{ outcome: "scored", value: text.length }]);
}

/** Addresses that lead to this machine or to a cloud's metadata, and are written so that nobody sees it; or lead nowhere. */
const DISGUISED = (port: number): readonly string[] => [
  // Other notations of 127.0.0.1 as a number.
  ...[
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
  ].map((host) => `http://${host}:${port}`),
  ...["127.000.000.001", "%31%32%37.0.0.1", "127%2e0.0.1", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "loc%61lhost"].map(
    (host) => `http://${host}:${port}`,
  ),
  // Addresses that systems take for this machine.
  ...["0", "00000000", "0.0.0.0", "[::]"].map((host) => `http://${host}:${port}`),
  // IPv6 addresses around an IPv4 one.
  ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[::7f00:1]", "[2002:7f00:1::]"].map(
    (host) => `http://${host}:${port}`,
  ),
  ...[
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b::169.254.169.254]",
    "[2001:0:7f00:1::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::0001]",
    "[::1%25lo]",
    "[fe80::1]",
  ].map((host) => `http://${host}:${port}`),
  // Metadata services.
  ...["169.254.169.254", "2852039166", "0xa9fea9fe", "169.254.43518", "[::ffff:a9fe:a9fe]", "[fd00:ec2::254]", "100.100.100.200"].map(
    (host) => `http://${host}:${port}`,
  ),
  ...["168.63.129.16", "192.0.0.192", "169.254.170.2", "224.0.0.1", "255.255.255.255"].map((host) => `http://${host}:${port}`),
  // What stands before or behind the host is another part of the URL than it seems.
  ...[`user@127.0.0.1:${port}`, `user:pass@127.0.0.1:${port}`, `@127.0.0.1:${port}`, `svc.internal@127.0.0.1:${port}`].map(
    (rest) => `http://${rest}`,
  ),
  ...[`127.0.0.1:${port}@svc.internal`, `127.0.0.1:${port}#@svc.internal`, `127.0.0.1:${port}?@svc.internal`, `127.0.0.1:0${port}`].map(
    (rest) => `http://${rest}`,
  ),
  // What parsers forgive.
  ...[
    `http:\\\\127.0.0.1:${port}`,
    `http:/127.0.0.1:${port}`,
    `http:127.0.0.1:${port}`,
    `http:///127.0.0.1:${port}`,
    `//127.0.0.1:${port}`,
  ],
  ...[
    ` http://127.0.0.1:${port}`,
    `http://127.0.0.1\t:${port}`,
    `ht\ntp://127.0.0.1:${port}`,
    `HTTP://127.0.0.1:${port}`,
    `127.0.0.1:${port}`,
  ],
  // Other schemes.
  ...["ftp", "ws", "gopher", "dict", "ldap"].map((scheme) => `${scheme}://127.0.0.1:${port}`),
  ...["file:///etc/passwd", "unix:/var/run/docker.sock", "data:application/json,{}"],
  // gRPC, whose resolvers read numbers too.
  ...[
    "2130706433",
    "017700000001",
    "0x7f.1",
    "127.1",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "user@127.0.0.1",
    "169.254.169.254",
    "127.0.0.1.",
  ].map((host) => `grpc://${host}:${port}`),
];

/** Names that look harmless until they are looked up, and what they stand for. */
const NAMES: readonly (readonly [name: string, ...ips: readonly string[]])[] = [
  ["metadata.google.internal", "169.254.169.254"],
  ["127.0.0.1.example.com", "127.0.0.1"],
  ["localhost.example.com", "127.0.0.1", "::1"],
  ["mapped.example.com", "::ffff:127.0.0.1"],
  ["translated.example.com", "64:ff9b::7f00:1"],
  ["everywhere.example.com", "0.0.0.0"],
  ["neighbour.example.com", "fe80::1%lo"],
  ["localhost", "169.254.169.254"],
];

test("no disguised address, and no name that stands for one, costs a single connection", async () => {
  const { port, connections } = await trap();
  const urls = DISGUISED(port);
  assert.ok(urls.length + 2 * NAMES.length >= 60, `${urls.length}`);
  for (const url of urls) {
    const parsed = BACKEND_PARAMS.external.safeParse({ type: "external", url });
    assert.ok(!parsed.success || forbiddenAddress(url, undefined) !== undefined, `the configuration takes ${url}`);
    // Whoever passes the configuration by gets no further.
    await assert.rejects(open(url, { resolve: alwaysTo("127.0.0.1") }), GatewayError, url);
  }
  for (const [name, ...ips] of NAMES) {
    for (const scheme of ["http", "grpc"]) {
      const { backend, metrics } = await open(`${scheme}://${name}:${port}`, { resolve: alwaysTo(...ips) });
      assert.equal(backend.ready, false, name);
      await assert.rejects(
        ask(backend),
        (error: GatewayError) => error.reason === "BACKEND_UNAVAILABLE" && error.message.includes(`${name} stands for ${ips[0]}`),
      );
      assert.ok((await metrics.upstream.forbidden.get()).values[0]!.value >= 1);
    }
  }
  assert.equal(connections(), 0);
  // The same listener is reached by those who say plainly what they mean.
  for (const host of ["127.0.0.1", "localhost"]) {
    for (const scheme of ["http", "grpc"]) {
      const before = connections();
      const { backend } = await open(`${scheme}://${host}:${port}`, { resolve: alwaysTo("127.0.0.1") });
      await assert.rejects(ask(backend));
      assert.ok(connections() > before, `${scheme}://${host}`);
    }
  }
});

const PROTOCOLS = [
  ["HTTP", startHttpJudge],
  ["gRPC", startGrpcJudge],
] as const;

/** Services on other addresses of this machine, all at one port: what stands behind a name with several addresses. */
async function servicesAt(
  start: (script?: undefined, health?: undefined, place?: Place) => Promise<JudgeService>,
  hosts: readonly string[],
) {
  const port = await freePort();
  const services: JudgeService[] = [];
  for (const host of hosts) services.push(await start(undefined, undefined, { host, port }));
  cleanups.push(...services.map((service) => () => service.close()));
  return services;
}

const named = (service: JudgeService) => service.url.replace(/127\.0\.0\.\d/, "svc.internal");
const HERE = { networks: ["127.0.0.0/29"] };

for (const [protocol, start] of PROTOCOLS) {
  test(`${protocol}: a name that changes what it stands for is followed to where servers may be, and nowhere else`, async () => {
    const [good, hostile] = (await servicesAt(start, ["127.0.0.2", "127.0.0.1"])) as [JudgeService, JudgeService];
    let answers = answer("127.0.0.2");
    const { backend, clock } = await open(named(good), { networks: ["127.0.0.2/32"], resolve: async () => answers, maxAttempts: 3 });
    await ask(backend);
    answers = answer("127.0.0.1");
    await good.close();
    let failed = 0;
    for (let n = 0; n < 8; n++) {
      if (!(await endsWell(clock, ask(backend)))) failed++;
    }
    assert.equal(failed, 8);
    assert.deepEqual([hostile.asked.length, hostile.headers.length], [0, 0]);
  });

  test(`${protocol}: calls are shared by all addresses of a name, and follow it when they change`, async () => {
    const services = await servicesAt(start, ["127.0.0.2", "127.0.0.3", "127.0.0.4"]);
    const [first, second, third] = services as [JudgeService, JudgeService, JudgeService];
    let answers = answer("127.0.0.2", "127.0.0.3");
    const { backend, clock } = await open(named(first), { ...HERE, resolve: async () => answers, maxAttempts: 3, concurrency: 8 });
    await until(clock, async () => {
      await Promise.all(Array.from({ length: 8 }, () => ask(backend)));
      return first.asked.length > 0 && second.asked.length > 0;
    });
    assert.equal(third.asked.length, 0);

    answers = answer("127.0.0.4");
    await first.close();
    await second.close();
    await until(clock, () => endsWell(clock, ask(backend)));
    assert.ok(third.asked.length > 0);
  });

  test(`${protocol}: no proxy of the environment is asked, and no redirect is followed`, async () => {
    const { port, connections } = await trap();
    const names = ["http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = `http://127.0.0.1:${port}`;
    try {
      const [service] = (await servicesAt(start, ["127.0.0.2"])) as [JudgeService];
      const { backend } = await open(named(service), { ...HERE, resolve: alwaysTo("127.0.0.2") });
      await ask(backend);
      service.script = () => new Refusal(protocol === "HTTP" ? 307 : 14, { location: `http://127.0.0.1:${port}/judge` });
      await assert.rejects(ask(backend));
      assert.equal(service.asked.length, 2);
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
    }
    assert.equal(connections(), 0);
  });
}

/** Whether a call succeeds, while time passes whenever nothing else happens. */
async function endsWell(clock: ManualClock, call: Promise<void>): Promise<boolean> {
  let end: boolean | undefined;
  call.then(
    () => (end = true),
    () => (end = false),
  );
  await passTime(clock, () => end !== undefined);
  return end!;
}

/** Tries again while time passes: on the clock, and on that of gRPC's own waits. */
async function until(clock: ManualClock, holds: () => Promise<boolean>): Promise<void> {
  await settled(async () => {
    if (await holds()) return true;
    clock.advance(1_000);
    await quiet();
    return false;
  });
}
