import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { Status } from "../../../src/gen/google/rpc/status.ts";
import { openGrpc, settled } from "../../support/servers.ts";

/** grpc-js speaks of such a header as of a fault of its own. */
for (const method of ["Score", "ScoreStream"]) {
  test(`a call of ${method} whose grpc-timeout is no time is refused with INVALID_ARGUMENT and the header's name`, async (t) => {
    const opened = await openGrpc();
    t.after(() => opened.close());
    const session = connect(`http://${opened.address}`);
    t.after(() => session.destroy());
    for (const [at, given] of ["soon", "5", "S", "12 h"].entries()) {
      const headers = { ":method": "POST", "content-type": "application/grpc", te: "trailers", "x-request-id": "mine" };
      const stream = session.request({ ...headers, ":path": `/rewardgate.v1.RewardService/${method}`, "grpc-timeout": given });
      const [answer] = await once(stream, "response");
      assert.deepEqual([answer["grpc-status"], answer["x-request-id"]], [String(status.INVALID_ARGUMENT), "mine"], given);
      const message = decodeURI(String(answer["grpc-message"]));
      assert.match(message, /^grpc-timeout: /);
      assert.doesNotMatch(message, /soon|12 h/);
      const told = Status.decode(Buffer.from(String(answer["grpc-status-details-bin"]), "base64"));
      assert.deepEqual([told.code, told.message], [status.INVALID_ARGUMENT, message]);
      stream.resume();
      stream.close();
      await settled(() => opened.lines.length === at + 1);
      assert.deepEqual([opened.lines[at]?.method, opened.lines[at]?.requestId], [method, "mine"]);
      if (method === "Score") assert.equal(opened.lines[at]?.code, "INVALID_ARGUMENT");
    }
  });
}
