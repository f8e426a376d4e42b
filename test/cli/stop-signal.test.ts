import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { listenForStop } from "../../src/cli/stop-signal.ts";
import { manualClock } from "../support/manual-clock.ts";

/** What a listener hears of the signals that a source emits. */
function heard(atTerminal: boolean) {
  const source = new EventEmitter();
  const clock = manualClock();
  const calls: string[] = [];
  const stop = listenForStop({ first: () => calls.push("first"), again: () => calls.push("again"), source, clock, atTerminal });
  return { source, clock, calls, stop };
}

test("a signal that comes twice at once, as npm start and timeout pass it on, asks once; a later one asks again", () => {
  const { source, clock, calls, stop } = heard(true);
  source.emit("SIGINT");
  source.emit("SIGINT");
  clock.advance(100);
  source.emit("SIGTERM");
  assert.deepEqual(calls, ["first"]);
  clock.advance(400);
  source.emit("SIGTERM");
  assert.deepEqual(calls, ["first", "again"]);
  stop();
  assert.deepEqual(source.eventNames(), []);
});

test("a hang-up asks at a terminal, and is nothing to a process without one", () => {
  for (const [atTerminal, calls] of [
    [true, ["first"]],
    [false, []],
  ] as const) {
    const listener = heard(atTerminal);
    listener.source.emit("SIGHUP");
    assert.deepEqual(listener.calls, calls);
  }
});
