import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { after, before, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { ScoreRequest } from "../../../src/gen/rewardgate/v1/reward_service.ts";
import { openGrpc } from "../../support/servers.ts";
import { requestProto } from "../../support/wire-requests.ts";

let opened: Awaited<ReturnType<typeof openGrpc>>;
let session: ClientHttp2Session;
before(async () => {
  opened = await openGrpc();
  session = connect(`http://${opened.address}`);
});
after(async () => {
  session.destroy();
  await opened.close();
});

/** The status of a call with a deadline of some form. */
async function statusWith(timeout: string): Promise<number> {
  const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers", "grpc-timeout": timeout };
  const stream = session.request({ ...headers, ":path": "/rewardgate.v1.RewardService/Score" });
  const message = ScoreRequest.encode(requestProto("four")).finish();
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
  let code: unknown;
  const take = (answer: Record<string, unknown>) => {
    code = answer["grpc-status"] ?? code;
  };
  stream.on("response", take);
  stream.on("trailers", take);
  stream.resume();
  await once(stream, "close");
  return Number(code);
}

test("a deadline of any length that the protocol has is kept or is as good as none, and never passed", async () => {
  for (const timeout of ["60S", "600000m", "99999999u", "2147483S", "2147484S", "3000000S", "99999999S", "35791395M", "99999999H"]) {
    assert.equal(await statusWith(timeout), status.OK, timeout);
  }
});

test("a deadline that has passed ends its call", async () => {
  assert.equal(await statusWith("1n"), status.DEADLINE_EXCEEDED);
});

test("a number of more digits than the protocol has, or below zero, is no deadline", async () => {
  for (const timeout of ["123456789S", "-1S", "1.5S", "60S, 60S"])
    assert.equal(await statusWith(timeout), status.INVALID_ARGUMENT, timeout);
});
