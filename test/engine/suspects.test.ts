import assert from "node:assert/strict";
import { test } from "node:test";
import { QUARANTINE_MS, Suspects } from "../../src/engine/suspects.ts";
import { manualClock } from "../support/manual-clock.ts";

test("standingOf(digest) is clean after one crash, alone after two, quarantined after three, each call by itself", () => {
  const suspects = new Suspects(manualClock());
  const standings = [1, 2, 3].map(() => {
    suspects.blame("a");
    return suspects.standingOf("a");
  });
  assert.deepEqual(standings, ["clean", "alone", "quarantined"]);
  assert.equal(suspects.standingOf("b"), "clean");
});

test("clear(digest) forgets what a call was suspected of", () => {
  const suspects = new Suspects(manualClock());
  for (let crash = 0; crash < 2; crash++) suspects.blame("a");
  suspects.clear("a");
  suspects.blame("a");
  assert.equal(suspects.standingOf("a"), "clean");
});

test("a crash is remembered for ten minutes after the last one", () => {
  const clock = manualClock();
  const suspects = new Suspects(clock);
  for (let crash = 0; crash < 3; crash++) {
    clock.advance(QUARANTINE_MS - 1);
    suspects.blame("a");
  }
  clock.advance(QUARANTINE_MS - 1);
  assert.equal(suspects.standingOf("a"), "quarantined");
  clock.advance(1);
  assert.equal(suspects.standingOf("a"), "clean");
});

test("what is remembered is bounded: the call that crashed longest ago is forgotten first", () => {
  const suspects = new Suspects(manualClock());
  for (let crash = 0; crash < 3; crash++) suspects.blame("oldest");
  for (let call = 0; call < 10_000; call++) suspects.blame(`${call}`);
  assert.equal(suspects.standingOf("oldest"), "clean");
});
