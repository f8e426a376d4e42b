import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { ERROR_TABLE } from "../../../src/domain/errors.ts";
import { heldService } from "../../support/scripted-service.ts";
import { openGrpc, settled } from "../../support/servers.ts";
import { requestProto, streamRequestProto } from "../../support/wire-requests.ts";

/** Calls of a client that sends headers and then nothing, or a part of a message. */
for (const [name, sent] of [
  ["no message", Buffer.alloc(0)],
  ["half a message", Buffer.from([0, 0, 0, 1, 0, 1, 2])],
] as const) {
  test(`a unary call with ${name} ends with DEADLINE_EXCEEDED, frees its place on the connection, and is in the log`, async (t) => {
    const opened = await openGrpc({ connections: { messageMs: 100, maxStreams: 1 } });
    t.after(() => opened.close());
    const session = connect(`http://${opened.address}`);
    t.after(() => session.destroy());
    await once(session, "remoteSettings");
    for (const id of ["first", "second"]) {
      const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers", "x-request-id": id };
      const stream = session.request({ ...headers, ":path": "/rewardgate.v1.RewardService/Score" });
      if (sent.length > 0) stream.write(sent);
      const [answer] = await once(stream, "response");
      assert.deepEqual([answer["grpc-status"], answer["x-request-id"]], ["4", id]);
      stream.resume();
      if (!stream.closed) await once(stream, "close");
    }
    await settled(() => opened.lines.length === 2);
    assert.deepEqual(
      opened.lines.map(({ requestId, method, code }) => [requestId, method, code]),
      ["first", "second"].map((id) => [id, "Score", ERROR_TABLE.DEADLINE_EXCEEDED.grpc]),
    );
  });
}

test("calls whose message came, and streams, are not hurried", async (t) => {
  const { service, release } = heldService();
  const messageMs = 100;
  const opened = await openGrpc({ service, connections: { messageMs } });
  t.after(() => opened.close());
  const answer = opened.score(requestProto("four"));
  const stream = opened.client.scoreStream();
  stream.on("error", () => {});
  await new Promise((resolve) => setTimeout(resolve, 5 * messageMs));
  stream.write(streamRequestProto("late", "seven"));
  release();
  const [streamed] = await once(stream, "data");
  stream.end();
  assert.deepEqual([(await answer).results[0]?.candidates[0]?.reward, streamed.id], [4, "late"]);
});
