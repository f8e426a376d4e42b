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
