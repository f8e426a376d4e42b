import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ServiceError, status } from "@grpc/grpc-js";
import { ERROR_TABLE, type ErrorReason, GatewayError } from "../../src/domain/errors.ts";
import { ErrorJson } from "../../src/transport/http/response-schema.ts";
import { detailsOf } from "../support/grpc-status.ts";
import { scriptedService } from "../support/scripted-service.ts";
import { openGrpc, openHttp } from "../support/servers.ts";
import { bodyJson, requestProto } from "../support/wire-requests.ts";

const REASONS = Object.keys(ERROR_TABLE) as ErrorReason[];
let next: GatewayError;
const service = scriptedService(() => {
  throw next;
});
let grpc: Awaited<ReturnType<typeof openGrpc>>;
let http: Awaited<ReturnType<typeof openHttp>>;

before(async () => {
  grpc = await openGrpc({ service });
  http = await openHttp({ service });
});
after(async () => {
  await grpc.close();
  await http.close();
});

function raise(reason: ErrorReason): GatewayError {
  const { retryable } = ERROR_TABLE[reason];
  return new GatewayError(reason, `message of ${reason}`, {
    cause: new Error("secret cause"),
    details: {
      field: "items[0].id",
      itemId: "a",
      suggestions: ["chat", "chats"],
      problems: [{ file: "f", path: "p", cause: "c", remedy: "r" }],
      ...(retryable && { retryAfterMs: 2345 }),
    },
  });
}

for (const reason of REASONS) {
  const row = ERROR_TABLE[reason];

  test(`${reason} is ${row.grpc} over gRPC, with details and the right hint`, async () => {
    next = raise(reason);
    const error = await grpc.score(requestProto("x")).then(
      () => assert.fail("answered"),
      (thrown: ServiceError) => thrown,
    );
    assert.equal(error.code, status[row.grpc]);
    assert.equal(error.details, `message of ${reason}`);
    const details = detailsOf(error);
    assert.equal(details.status.code, error.code);
    assert.equal(details.info?.reason, reason);
    assert.equal(details.info?.domain, "rewardgate");
    assert.equal(details.info?.metadata.suggestions, "chat, chats");
    assert.equal(details.info?.metadata.requestId, error.metadata.get("x-request-id")[0]);
    assert.equal(details.info?.metadata.problems, undefined);
    assert.deepEqual(details.fields, ["items[0].id"]);
    assert.equal(details.retryMs, row.retryable ? 2345 : undefined);
    assert.equal(details.pushback, row.retryable ? "2345" : reason === "TOO_LARGE" ? "-1" : undefined);
  });

  test(`${reason} is ${row.http} over HTTP, in the one shape and with the right hint`, async () => {
    next = raise(reason);
    const response = await http.post("/v1/score", JSON.stringify(bodyJson("x")));
    assert.equal(response.status, row.http);
    const { error } = ErrorJson.parse(await response.json());
    assert.equal(error.reason, reason);
    assert.equal(error.message, `message of ${reason}`);
    assert.equal(error.retryable, row.retryable);
    assert.equal(error.details?.requestId, response.headers.get("x-request-id"));
    assert.equal(error.details?.retryAfterMs, row.retryable ? 2345 : undefined);
    assert.equal(response.headers.get("retry-after"), row.retryable ? "3" : null);
  });
}

test("a retryable error without a hint gets one, of a second at least over HTTP", async () => {
  next = new GatewayError("QUEUE_FULL", "full", { details: { retryAfterMs: 20 } });
  assert.equal((await http.post("/v1/score", JSON.stringify(bodyJson("x")))).headers.get("retry-after"), "1");
  next = new GatewayError("QUEUE_FULL", "full");
  assert.equal((await http.post("/v1/score", JSON.stringify(bodyJson("x")))).headers.get("retry-after"), "1");
});

test("the status of overload can be 429, and only that one changes", async () => {
  const other = await openHttp({ service, overloadHttpStatus: 429 });
  try {
    next = raise("QUEUE_FULL");
    assert.equal((await other.post("/v1/score", JSON.stringify(bodyJson("x")))).status, 429);
    next = raise("SHUTTING_DOWN");
    assert.equal((await other.post("/v1/score", JSON.stringify(bodyJson("x")))).status, 503);
  } finally {
    await other.close();
  }
});

test("what is not a GatewayError is INTERNAL: no message leaves, and the log names it under the request id", async () => {
  next = new TypeError("secret text of a prompt") as unknown as GatewayError;
  const response = await http.post("/v1/score", JSON.stringify(bodyJson("x")), { "x-request-id": "find-me" });
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /secret/);
  await http.settled(() => http.lines.some((line) => line.requestId === "find-me"));
  const line = http.lines.find((each) => each.requestId === "find-me");
  assert.match(JSON.stringify(line?.cause), /"name":"TypeError"/);
  assert.doesNotMatch(JSON.stringify(http.lines), /secret/);
  assert.doesNotMatch(JSON.stringify(grpc.lines), /secret/);
});
