import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { type TestContext, test } from "node:test";
import { CALL_HEADERS, FLAG, FRAME, frameOf, headerOf, openRaw } from "../../support/raw-http2.ts";
import { resultOf, scriptedService } from "../../support/scripted-service.ts";
import { openGrpc } from "../../support/servers.ts";
import { settled } from "../../support/settled.ts";
import { requestProto } from "../../support/wire-requests.ts";

const LIMIT = 16_384;
const PATH = "/rewardgate.v1.RewardService/GetVersion";

async function open(t: TestContext, choices: Parameters<typeof openGrpc>[0] = {}) {
  const opened = await openGrpc(choices);
  t.after(() => opened.close());
  return opened;
}

/** A client of HTTP/2 that knows nothing of gRPC. */
async function openPlain(t: TestContext, address: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${address}`);
  t.after(() => session.destroy());
  session.on("error", () => {});
  await once(session, "remoteSettings");
  return session;
}

/** How a call ends: the status of gRPC, or the code of a reset. */
async function endOf(stream: ClientHttp2Stream): Promise<string> {
  let status: unknown;
  stream.on("response", (headers) => {
    status ??= headers["grpc-status"];
  });
  stream.on("trailers", (headers) => {
    status ??= headers["grpc-status"];
  });
  stream.on("error", () => {});
  stream.resume();
  await new Promise<void>((resolve) => stream.once("close", () => resolve()));
  return status === undefined ? `reset ${stream.rstCode}` : `status ${status}`;
}

test("headers of a call hold 16 KiB, by the count of HTTP/2, and one byte more ends the call alone", async (t) => {
  const { address } = await open(t);
  const session = await openPlain(t, address);
  assert.equal(session.remoteSettings.maxHeaderListSize, LIMIT);
  const endWith = (bytes: number) => {
    const headers: Record<string, string> = {
      ":method": "POST",
      ":path": PATH,
      ":scheme": "http",
      ":authority": "test",
      "content-type": "application/grpc",
      te: "trailers",
      "x-filler": "",
    };
    const empty = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    headers["x-filler"] = "x".repeat(bytes - empty);
    const stream = session.request(headers);
    stream.end(Buffer.alloc(5));
    return endOf(stream);
  };
  assert.deepEqual(
    [await endWith(LIMIT - 1), await endWith(LIMIT), await endWith(LIMIT + 1), await endWith(LIMIT - 1)],
    ["status 0", "status 0", `reset ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`, "status 0"],
  );
});

test("a connection has as many calls as the limit at once; further ones wait with the client, and none is lost", async (t) => {
  for (const [calls, most] of [
    [255, 255],
    [256, 256],
    [257, 256],
    [600, 256],
  ] as const) {
    let running = 0;
    let peak = 0;
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const service = scriptedService(async (request) => {
      peak = Math.max(peak, ++running);
      await gate;
      running--;
      return resultOf(request);
    });
    const { score, getVersion, server } = await open(t, { service });
    await getVersion();
    const answers = Promise.all(Array.from({ length: calls }, (_, n) => score(requestProto("x".repeat(n + 1)))));
    answers.catch(() => {});
    await settled(() => running === most);
    release();
    assert.deepEqual(
      (await answers).map(({ results }) => results[0]?.candidates[0]?.reward),
      Array.from({ length: calls }, (_, n) => n + 1),
    );
    assert.equal(peak, most);
    await server.drain();
  }
});

/** Floods that a client with a mind to it sends on one connection, and the GOAWAY that ends each. */
const FLOODS: Record<string, { goaway: number; frames: () => Generator<Buffer> }> = {
  "PING frames": {
    goaway: constants.NGHTTP2_ENHANCE_YOUR_CALM,
    *frames() {
      for (;;) yield frameOf(FRAME.ping, { payload: Buffer.alloc(8) });
    },
  },
  "SETTINGS frames": {
    goaway: constants.NGHTTP2_ENHANCE_YOUR_CALM,
    *frames() {
      for (;;) yield frameOf(FRAME.settings);
    },
  },
  "calls that are reset at once": {
    goaway: constants.NGHTTP2_INTERNAL_ERROR,
    *frames() {
      for (let stream = 1; ; stream += 2) {
        const call = frameOf(FRAME.headers, { flags: FLAG.endHeaders, stream, payload: CALL_HEADERS });
        yield Buffer.concat([call, frameOf(FRAME.reset, { stream, payload: Buffer.from([0, 0, 0, 8]) })]);
      }
    },
  },
  "CONTINUATION frames without end": {
    goaway: constants.NGHTTP2_INTERNAL_ERROR,
    *frames() {
      yield frameOf(FRAME.headers, { stream: 1, payload: CALL_HEADERS });
      for (;;) yield frameOf(FRAME.continuation, { stream: 1, payload: headerOf("x-more", "y") });
    },
  },
};

for (const [name, { goaway, frames }] of Object.entries(FLOODS)) {
  test(`a flood of ${name} ends its connection, and another is served meanwhile`, async (t) => {
    const { address, score } = await open(t);
    const raw = openRaw(address);
    t.after(() => raw.close());
    let flooding = true;
    const flooded = raw.flood(frames()).finally(() => {
      flooding = false;
    });
    let served = 0;
    do {
      assert.equal((await score(requestProto("four"))).results[0]?.candidates[0]?.reward, 4);
      served++;
    } while (flooding);
    await flooded;
    await settled(() => raw.goaway() !== undefined);
    assert.equal(raw.goaway(), goaway);
    assert.ok(served > 0);
  });
}

test("a call whose headers unpack to more than they may is reset, however little was sent", async (t) => {
  const { address, score, lines } = await open(t);
  const raw = openRaw(address);
  t.after(() => raw.close());
  // 126 bytes go into the table of HPACK, and each byte after them stands for them all.
  const kept = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from("k"), Buffer.from([126]), Buffer.alloc(126, 0x7a)]);
  const payload = Buffer.concat([CALL_HEADERS, kept, Buffer.alloc(120, 0xbe)]);
  await raw.flood([frameOf(FRAME.headers, { flags: FLAG.endHeaders | FLAG.endStream, stream: 1, payload })]);
  assert.equal((await score(requestProto("four"))).results[0]?.candidates[0]?.reward, 4);
  await settled(() => lines.length === 1);
  assert.equal(lines[0]?.code, "OK");
});

test("pings among answers are no flood, and neither are a few without", async (t) => {
  const { address } = await open(t);
  const [session, silent] = [await openPlain(t, address), await openPlain(t, address)];
  const ping = (of = session) => new Promise<void>((resolve, reject) => of.ping((error) => (error ? reject(error) : resolve())));
  for (let n = 0; n < 90; n++) await ping(silent);
  for (let n = 0; n < 300; n++) {
    const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" });
    stream.end(Buffer.alloc(5));
    assert.equal(await endOf(stream), "status 0");
    await ping();
  }
  assert.deepEqual([session.closed, silent.closed], [false, false]);
});
