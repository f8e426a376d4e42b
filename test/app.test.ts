import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionLimitsOf } from "../src/app.ts";
import { serverSchema } from "../src/config/server-schema.ts";

test("a gRPC connection that is asked to move on outlives the longest call that may have begun on it", () => {
  for (const server of [{}, { maxRequestSeconds: 3600 }, { maxRequestSeconds: 600, timeouts: { bodySeconds: 300 } }]) {
    const settings = serverSchema.parse(server);
    assert.ok(connectionLimitsOf(settings).ageGraceMs >= (settings.timeouts.bodySeconds + settings.maxRequestSeconds) * 1000);
  }
});
