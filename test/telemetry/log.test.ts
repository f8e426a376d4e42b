import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import { createLogger } from "../../src/telemetry/log.ts";

/** What a logger writes of an error. */
function written(error: unknown): unknown {
  const lines: string[] = [];
  createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } }).warn({ err: error }, "what happened");
  return JSON.parse(lines[0]!).err;
}

test("errors in the log have a reason or a name, and a message, and no stack", () => {
  const cause = new Error("said what it was asked");
  assert.deepEqual(written(new GatewayError("BACKEND_UNAVAILABLE", "no answer", { cause })), {
    reason: "BACKEND_UNAVAILABLE",
    message: "no answer",
  });
  assert.deepEqual(written(new RangeError("too long")), { name: "RangeError", message: "too long" });
  assert.deepEqual(written("text"), { name: "string" });
});

test("of a fault of the gateway the log has the stack of its cause, and not its message, which may quote a request", () => {
  const facts = written(new GatewayError("INTERNAL", "a bug", { cause: new TypeError("a prompt") })) as Record<string, string>;
  assert.deepEqual(Object.keys(facts), ["name", "stack"]);
  assert.equal(facts.name, "TypeError");
  assert.match(facts.stack!, /^ {4}at /);
  assert.ok(!JSON.stringify(facts).includes("a prompt"));
  assert.deepEqual(written(new GatewayError("INTERNAL", "a bug")), { reason: "INTERNAL", message: "a bug" });
});
