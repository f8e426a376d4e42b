import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { openRecord, previousAttemptsFrom, requestIdFrom, traceparentFrom } from "../../src/transport/call-record.ts";
import { createRunningCalls } from "../../src/transport/running-calls.ts";
import { recordingTelemetry } from "../support/scripted-service.ts";

function open() {
  const { lines, log, metrics } = recordingTelemetry();
  const running = createRunningCalls();
  const record = openRecord({ telemetry: { log, metrics, running }, transport: "grpc", method: "Score", requestId: "r1" });
  return { lines, metrics, running, record };
}

test("a call gives one log line and one count, however often it is finished", async () => {
  const { lines, metrics, running, record } = open();
  assert.equal(running.count, 1);
  record.items = 3;
  record.bytes = 100;
  record.finish();
  record.finish(new GatewayError("CALLER_GONE", "late"));
  assert.equal(running.count, 0);
  assert.equal(lines.length, 1);
  const { requestId, transport, method, code, items, level } = lines[0] ?? {};
  assert.deepEqual([requestId, transport, method, code, items, level], ["r1", "grpc", "Score", "OK", 3, 30]);
  const text = await metrics.registry.metrics();
  assert.match(text, /rewardgate_requests_total\{transport="grpc",method="Score",code="OK"\} 1/);
  assert.match(text, /rewardgate_request_items_sum\{method="Score"\} 3/);
  assert.match(text, /rewardgate_request_size_bytes_sum\{transport="grpc"\} 100/);
  assert.match(text, /rewardgate_requests_running 0/);
});

test("a call that a client makes again is logged with the attempts before it, and any other is not", () => {
  const { lines, log, metrics } = recordingTelemetry();
  const telemetry = { log, metrics, running: createRunningCalls() };
  for (const given of ["2", undefined, "-1", "1e9", "many"]) {
    const facts = { transport: "grpc", method: "Score", requestId: "r1", previousAttempts: previousAttemptsFrom(given) } as const;
    openRecord({ telemetry, ...facts }).finish();
  }
  assert.deepEqual(
    lines.map(({ previousAttempts }) => previousAttempts),
    [2, undefined, undefined, undefined, undefined],
  );
});

test("a refused call is logged with its reason, and at info", () => {
  const { lines, record } = open();
  record.finish(new GatewayError("QUEUE_FULL", "full"));
  assert.deepEqual([lines[0]?.level, lines[0]?.code, lines[0]?.reason], [30, "UNAVAILABLE", "QUEUE_FULL"]);
});

test("the cause of an internal error is logged by name and frames, and its message only when it is ours", () => {
  const foreign = open();
  foreign.record.finish(GatewayError.from(new TypeError("secret\n    text")));
  const cause = foreign.lines[0]?.cause as { name: string; stack: string; message?: string };
  assert.deepEqual([foreign.lines[0]?.level, cause.name, cause.message], [50, "TypeError", undefined]);
  assert.match(cause.stack, /call-record\.test/);
  assert.doesNotMatch(JSON.stringify(foreign.lines), /secret/);

  const own = open();
  own.record.finish(new GatewayError("INTERNAL", "oops", { cause: new GatewayError("BACKEND_UNAVAILABLE", "worker died") }));
  assert.match(JSON.stringify(own.lines[0]?.cause), /"message":"worker died"/);

  const odd = open();
  odd.record.finish(GatewayError.from("secret"));
  assert.deepEqual(odd.lines[0]?.cause, { name: "string" });
});

test("ids and trace contexts of callers are taken only when they are well-formed", () => {
  assert.equal(requestIdFrom("a-b:c/1"), "a-b:c/1");
  for (const bad of [undefined, "", "a b", "a\nb", "é", "x".repeat(129), ["a"], Buffer.from("a")]) {
    assert.match(requestIdFrom(bad), /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
  }
  const good = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  assert.equal(traceparentFrom(good), good);
  for (const bad of [undefined, "", good.toUpperCase(), `${good}-x`, good.slice(1)]) assert.equal(traceparentFrom(bad), undefined);
});
