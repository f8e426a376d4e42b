import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { Metadata } from "@grpc/grpc-js";
import { openCall } from "../../../src/transport/grpc/calls.ts";
import { createRunningCalls } from "../../../src/transport/running-calls.ts";
import { recordingTelemetry } from "../../support/scripted-service.ts";

const HOUR_MS = 3_600_000;

test("a call keeps its time, and how it ended, when the clock on the wall is put right under it", (t) => {
  const telemetry = { ...recordingTelemetry(), running: createRunningCalls() };
  for (const jumpMs of [HOUR_MS, -HOUR_MS]) {
    const stream = Object.assign(new EventEmitter(), { metadata: new Metadata(), getDeadline: () => Date.now() + 60_000 });
    const call = openCall(stream, "ScoreStream", telemetry);
    const now = Date.now.bind(Date);
    const clock = t.mock.method(Date, "now", () => now() + jumpMs);
    const left = call.remainingMs()!;
    assert.ok(left > 0 && left <= 60_000, String(left));
    stream.emit("cancelled");
    clock.mock.restore();
  }
  assert.deepEqual(
    telemetry.lines.map(({ code }) => code),
    ["CANCELLED", "CANCELLED"],
  );
});

/** A call as grpc-js hands it over, opened. */
function opened(deadline: Date | number, metadata = new Metadata()) {
  const telemetry = { ...recordingTelemetry(), running: createRunningCalls() };
  const stream = Object.assign(new EventEmitter(), { metadata, getDeadline: () => deadline });
  return { stream, telemetry, call: openCall(stream, "Score", telemetry) };
}

test("a call that ends because its time is over counts as late, and any other as cancelled; its work is aborted either way", () => {
  for (const [deadline, code] of [
    [Date.now(), "DEADLINE_EXCEEDED"],
    [new Date(Date.now() - 60_000), "DEADLINE_EXCEEDED"],
    [Date.now() + 60_000, "CANCELLED"],
    [new Date(Date.now() + 60_000), "CANCELLED"],
    [Number.POSITIVE_INFINITY, "CANCELLED"],
  ] as const) {
    const { stream, telemetry, call } = opened(deadline);
    stream.emit("cancelled");
    assert.deepEqual([telemetry.lines.map((line) => line.code), call.context.signal.aborted], [[code], true]);
  }
});

test("a call without a deadline has no time that runs out", () => {
  assert.equal(opened(Number.POSITIVE_INFINITY).call.remainingMs(), undefined);
});

test("a call that was answered is counted once and aborts nothing, though it is reported as cancelled afterwards", () => {
  const { stream, telemetry, call } = opened(Number.POSITIVE_INFINITY);
  call.close();
  stream.emit("cancelled");
  assert.deepEqual([telemetry.lines.map(({ code }) => code), call.context.signal.aborted], [["OK"], false]);
});

test("the caller's request id and trace context come back with the status", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const metadata = new Metadata();
  metadata.set("x-request-id", "mine");
  metadata.set("traceparent", traceparent);
  const { call } = opened(Number.POSITIVE_INFINITY, metadata);
  assert.deepEqual(call.trailers.getMap(), { "x-request-id": "mine", traceparent });
  assert.equal(call.context.requestId, "mine");
  assert.deepEqual(Object.keys(opened(Number.POSITIVE_INFINITY).call.trailers.getMap()), ["x-request-id"]);
});
