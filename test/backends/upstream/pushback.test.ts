import assert from "node:assert/strict";
import { test } from "node:test";
import { Metadata } from "@grpc/grpc-js";
import { readPushback } from "../../../src/backends/upstream/pushback.ts";
import { RetryInfo, Status } from "../../../src/gen/google/rpc/status.ts";

test("a pushback is milliseconds, and what is none says never", () => {
  const pushed = (value: string) => {
    const metadata = new Metadata();
    metadata.set("grpc-retry-pushback-ms", value);
    return readPushback(metadata);
  };
  assert.deepEqual(["0", "700", "-1", "-700", "soon", "1.5", ""].map(pushed), [0, 700, -1, -1, -1, -1, -1]);
  assert.equal(readPushback(undefined), undefined);
});

test("google.rpc.RetryInfo says when, where nothing else does", () => {
  const value = RetryInfo.encode({ retryDelay: { seconds: 1, nanos: 500_000_000 } }).finish();
  const details = [{ typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value }];
  const metadata = new Metadata();
  assert.equal(readPushback(metadata), undefined);
  metadata.set("grpc-status-details-bin", Buffer.from(Status.encode({ code: 14, message: "", details }).finish()));
  assert.equal(readPushback(metadata), 1500);
  metadata.set("grpc-retry-pushback-ms", "20");
  assert.equal(readPushback(metadata), 20);
  const garbled = new Metadata();
  garbled.set("grpc-status-details-bin", Buffer.from([0xff, 0xff, 0xff]));
  assert.equal(readPushback(garbled), undefined);
});
