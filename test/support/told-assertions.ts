import assert, { AssertionError } from "node:assert/strict";
import { inspect } from "node:util";

// A failed assert.ok() without a message has Node 20 look for its expression in the source, at the place of the compiled code. In some
// files that search never ends, and a failure looks like a test that hangs. It tells the value instead, and its stack the place.
function ok(value: unknown, message?: string | Error): asserts value {
  if (value) return;
  if (message instanceof Error) throw message;
  throw new AssertionError({
    message: message ?? `${inspect(value)} where something true was expected`,
    actual: value,
    expected: true,
    operator: "==",
    stackStartFn: ok,
  });
}

assert.ok = ok;
