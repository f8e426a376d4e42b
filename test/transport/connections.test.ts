import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { boundConnections, type ConnectionBounds, peerOf } from "../../src/transport/connections.ts";
import { manualClock } from "../support/manual-clock.ts";
import { quiet } from "../support/quiet.ts";
import { recordingTelemetry } from "../support/scripted-service.ts";
import { openGrpc, openHttp } from "../support/servers.ts";
import { settled } from "../support/settled.ts";
import { bodyJson, requestProto } from "../support/wire-requests.ts";

/** How a connection from an address of this machine fares: `served` once the server greets, `refused` when it is reset before that. */
type Fate = "served" | "refused";

/** A listener with bounds that greets whomever it serves. */
async function open(t: TestContext, bounds: ConnectionBounds) {
  const telemetry = recordingTelemetry();
  const clock = manualClock();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write("hello");
  });
  boundConnections(server, { bounds, transport: "grpc", clock, ...telemetry });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const dial = async (from = "127.0.0.1"): Promise<{ fate: Fate; leave: () => Promise<void> }> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    sockets.push(socket);
    const fate = await new Promise<Fate>((resolve) => {
      socket.once("data", () => resolve("served"));
      socket.once("error", () => resolve("refused"));
      socket.once("close", () => resolve("refused"));
    });
    const leave = async () => {
      const before = await opened();
      socket.destroy();
      await settled(async () => (await opened()) < before);
    };
    return { fate, leave };
  };
  const opened = async () =>
    (await telemetry.metrics.connections.open.get()).values.find(({ labels }) => labels.transport === "grpc")!.value;
  const refused = async (reason: string) =>
    (await telemetry.metrics.connections.refused.get()).values.find(
      ({ labels }) => labels.transport === "grpc" && labels.reason === reason,
    )!.value;
  return { ...telemetry, dial, opened, refused, clock };
}

test("one connection less than the bound and as many as it are served, one more is reset, and a place that is left is taken again", async (t) => {
  const { dial, opened, refused } = await open(t, { max: 3, maxPerPeer: 100 });
  const served = [await dial(), await dial(), await dial("127.0.0.2")];
  assert.deepEqual(
    served.map(({ fate }) => fate),
    ["served", "served", "served"],
  );
  assert.deepEqual([(await dial()).fate, (await dial("127.0.0.3")).fate], ["refused", "refused"]);
  assert.deepEqual([await opened(), await refused("total"), await refused("peer")], [3, 2, 0]);
  await served[0]!.leave();
  assert.equal((await dial()).fate, "served");
  assert.equal((await dial()).fate, "refused");
});

test("a peer has its own bound, and others are served beside one that is at it", async (t) => {
  const { dial, opened, refused } = await open(t, { max: 100, maxPerPeer: 2 });
  const served = [await dial(), await dial()];
  assert.deepEqual([(await dial()).fate, (await dial("127.0.0.2")).fate], ["refused", "served"]);
  await served[1]!.leave();
  assert.deepEqual([(await dial()).fate, (await dial()).fate], ["served", "refused"]);
  assert.deepEqual([await opened(), await refused("total"), await refused("peer")], [3, 0, 2]);
});

test("the log has one line about refusals a minute, which says how many there were since the last", async (t) => {
  const { dial, lines, clock } = await open(t, { max: 1, maxPerPeer: 100 });
  await dial();
  const dialMany = async (count: number) => {
    for (let n = 0; n < count; n++) assert.equal((await dial()).fate, "refused");
  };
  await dialMany(5);
  clock.advance(59_999);
  await dialMany(1);
  assert.equal(lines.length, 1);
  clock.advance(1);
  await dialMany(3);
  const told = lines.map(({ transport, reason, limit, peer, refused }) => ({ transport, reason, limit, peer, refused }));
  const line = { transport: "grpc", reason: "total", limit: 1, peer: "127.0.0.1" };
  assert.deepEqual(told, [
    { ...line, refused: 1 },
    { ...line, refused: 6 },
  ]);
});

test("peerOf(address) tells IPv4 addresses apart, and IPv6 addresses by their first 64 bits", () => {
  const peers = [
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "::FFFF:10.0.0.2",
    "::1",
    "2001:db8::7:1",
    "2001:db8:0:0:1::",
    "2001:db8:0:1::1",
    "1:2:3:4:5:6:7:8",
    "fe80::1%eth0",
    "",
  ];
  assert.deepEqual(peers.map(peerOf), [
    "10.0.0.1",
    "10.0.0.1",
    "10.0.0.2",
    "0:0:0:0::/64",
    "2001:db8:0:0::/64",
    "2001:db8:0:0::/64",
    "2001:db8:0:1::/64",
    "1:2:3:4::/64",
    "fe80:0:0:0::/64",
    "",
  ]);
});

test("an HTTP client beyond the bound is reset, while those within it are answered, and a drain ends as ever", async (t) => {
  const { server, url, post, lines, metrics } = await openHttp({ bounds: { max: 1, maxPerPeer: 1 } });
  t.after(() => server.close(0));
  const { port } = new URL(url);
  const held = connect(Number(port), "127.0.0.1");
  const body = JSON.stringify(bodyJson("four"));
  held.write(`POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await once(held, "data");
  await assert.rejects(post("/v1/score", "{}"));
  assert.match(await metrics.registry.metrics(), /rewardgate_connections_refused_total\{transport="http",reason="peer"\} 1/);
  assert.equal(lines.filter(({ level }) => level === 40).length, 1);
  held.destroy();
  await settled(async () => /rewardgate_connections\{transport="http"\} 0/.test(await metrics.registry.metrics()));
  assert.equal((await fetch(`${url}/v1/version`)).status, 200);
  await server.drain();
});

test("a gRPC client beyond the bound is UNAVAILABLE, while one within it is answered", async (t) => {
  const { server, address, score, client, metrics } = await openGrpc({ bounds: { max: 1, maxPerPeer: 1 } });
  t.after(async () => {
    client.close();
    await server.close(0);
  });
  assert.equal((await score(requestProto("four"))).results[0]?.candidates[0]?.reward, 4);
  const other = connect(Number(address.split(":")[1]), "127.0.0.1");
  const [error] = await once(other, "error");
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNRESET");
  assert.match(await metrics.registry.metrics(), /rewardgate_connections_refused_total\{transport="grpc",reason="peer"\} 1/);
  await quiet();
  assert.equal((await score(requestProto("seven"))).results[0]?.candidates[0]?.reward, 5);
});
