import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayError } from "../../src/domain/errors.ts";
import { limitIdle } from "../../src/transport/idle-limit.ts";
import { manualClock } from "../support/manual-clock.ts";

/** A limit of a second, and what it told. */
function open() {
  const clock = manualClock();
  const told: GatewayError[] = [];
  const stream = { running: 0 };
  const idle = limitIdle({ idleMs: 1000, running: () => stream.running, onIdle: (error) => told.push(error), clock });
  return { clock, told, stream, idle };
}

test("a stream of which nothing comes is told of once, when its time is over", () => {
  const { clock, told } = open();
  clock.advance(999);
  assert.equal(told.length, 0);
  clock.advance(1);
  assert.deepEqual(
    told.map(({ reason, message }) => [reason, message]),
    [["DEADLINE_EXCEEDED", "nothing came on the stream for 1 s; open another for what is to come"]],
  );
  clock.advance(10_000);
  assert.deepEqual([told.length, clock.pending], [1, 0]);
});

test("whatever comes starts the time again", () => {
  const { clock, told, idle } = open();
  for (let i = 0; i < 5; i++) {
    clock.advance(900);
    idle.active();
  }
  clock.advance(999);
  assert.equal(told.length, 0);
  clock.advance(1);
  assert.equal(told.length, 1);
});

test("a stream at work is not idle, and has all its time after the last answer", () => {
  const { clock, told, stream, idle } = open();
  stream.running = 1;
  clock.advance(60_500);
  stream.running = 0;
  idle.active();
  clock.advance(999);
  assert.equal(told.length, 0);
  clock.advance(1);
  assert.equal(told.length, 1);
});

test("a stream that has ended is not told of, and leaves no timer", () => {
  const { clock, told, idle } = open();
  idle.active();
  idle.stop();
  assert.equal(clock.pending, 0);
  clock.advance(10_000);
  assert.equal(told.length, 0);
});
