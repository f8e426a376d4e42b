import assert from "node:assert/strict";
import { test } from "node:test";
import type { Judge } from "../../src/domain/judge.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import { contextOf, itemOf, memberOf, panelOf, requestOf, scriptedJudge } from "../support/scripted.ts";
import { engineOf } from "../support/scripted-engine.ts";

/** A judge that asks nobody and takes 6 ms for a candidate; `read` hears of each. */
function slowRule(clock: ManualClock, read: (text: string) => void): Judge {
  return {
    ...scriptedJudge({ name: "rule" }),
    encode: (item) => item.candidates.map((_, index) => ({ candidates: [index], calls: [] })),
    decode(ask, _results, item) {
      clock.advance(6);
      read(String(item.candidates[ask.candidates[0]!]!.content));
      return [{ outcome: "scored", value: 1 }];
    },
  };
}

const texts = ["a", "b", "c", "d", "e", "f"];

test("a request whose rules take long lets others have the event loop on the way", async () => {
  const clock = manualClock();
  const order: string[] = [];
  const { score } = engineOf({}, { clock, judges: [slowRule(clock, (text) => order.push(text))] });
  const running = score(requestOf([itemOf("i", texts)]), contextOf());
  setImmediate(() => order.push("another"));
  const { results } = await running;
  assert.deepEqual(order, ["a", "b", "another", "c", "d", "e", "f"]);
  assert.deepEqual(
    results[0]!.candidates.map(({ reward }) => reward),
    texts.map(() => 1),
  );
});

test("rules stop reading where the caller has left, and where the deadline has passed", async () => {
  const clock = manualClock();
  const caller = new AbortController();
  const read: string[] = [];
  const { score } = engineOf({}, { clock, judges: [slowRule(clock, (text) => read.push(text))] });
  const left = score(requestOf([itemOf("i", texts)]), contextOf(caller.signal));
  setImmediate(() => caller.abort());
  await assert.rejects(left, { reason: "CALLER_GONE" });
  assert.deepEqual(read.splice(0), ["a", "b"]);
  const late = score(requestOf([itemOf("i", texts)], { deadlineMs: 20 }), contextOf());
  await assert.rejects(late, { reason: "DEADLINE_EXCEEDED" });
  assert.deepEqual(read, ["a", "b", "c", "d"]);
});

test("a rule that only watches and is not through at the deadline has failed for the rest, and the rewards are there", async () => {
  const clock = manualClock();
  const read: string[] = [];
  const watcher = slowRule(clock, (text) => read.push(text));
  const counts: Judge = { ...watcher, name: "quick", revision: "quick@1", decode: () => [{ outcome: "scored", value: 2 }] };
  const panels = [panelOf([memberOf(watcher, { standing: "shadow", weight: 0 }), memberOf(counts)])];
  const { score } = engineOf({}, { clock, panels });
  const { results } = await score(requestOf([itemOf("i", texts)], { deadlineMs: 20 }), contextOf());
  assert.deepEqual(
    results[0]!.candidates.map(({ reward, judges }) => [reward, judges[0]!.failure?.reason]),
    texts.map((_, i) => [2, i < 4 ? undefined : "DEADLINE_EXCEEDED"]),
  );
});
