import assert from "node:assert/strict";
import { test } from "node:test";
import type { Judge } from "../../src/domain/judge.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import { contextOf, deferred, itemOf, memberOf, panelOf, requestOf, scriptedJudge, settle } from "../support/scripted.ts";
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

/** A model that always leaves the item open, and a slow rule after it. */
function ruleInLaterStage(clock: ManualClock, read: (text: string) => void, watcher?: Judge) {
  const members = [memberOf(scriptedJudge({})), memberOf(slowRule(clock, read), { stage: 1 })];
  if (watcher !== undefined) members.push(memberOf(watcher, { standing: "shadow", weight: 0 }));
  return [panelOf(members, { sequence: { band: { from: -Infinity, to: Infinity } } })];
}

test("a rule of a later stage lets others have the event loop on the way as one of the first does", async () => {
  const clock = manualClock();
  const order: string[] = [];
  const panels = ruleInLaterStage(clock, (text) => {
    order.push(text);
    if (order.length === 1) setImmediate(() => order.push("another"));
  });
  const { score } = engineOf({}, { clock, panels });
  const { results } = await score(requestOf([itemOf("i", texts)]), contextOf());
  assert.deepEqual(order, ["a", "b", "another", "c", "d", "e", "f"]);
  assert.deepEqual(
    results[0]!.candidates.map(({ reward }) => reward),
    texts.map(() => 2),
  );
});

test("a rule of a later stage stops reading where the caller has left, and where the deadline has passed", async () => {
  const clock = manualClock();
  const caller = new AbortController();
  const read: string[] = [];
  const panels = ruleInLaterStage(clock, (text) => {
    if (read.push(text) === 2) setImmediate(() => caller.abort());
  });
  const { score } = engineOf({}, { clock, panels });
  await assert.rejects(score(requestOf([itemOf("i", texts)]), contextOf(caller.signal)), { reason: "CALLER_GONE" });
  assert.deepEqual(read.splice(0), ["a", "b"]);
  read.push("before");
  await assert.rejects(score(requestOf([itemOf("i", texts)], { deadlineMs: 20 }), contextOf()), { reason: "DEADLINE_EXCEEDED" });
  assert.deepEqual(read, ["before", "a", "b", "c", "d"]);
});

test("while a rule of a later stage is read the judges that only watch go on", async () => {
  const clock = manualClock();
  const watching = deferred();
  const watcher = scriptedJudge({ name: "watcher" });
  const seen = { ...watcher, encode: (item: Parameters<Judge["encode"]>[0]) => watcher.encode(item).map(withPrefix) };
  const read: string[] = [];
  const panels = ruleInLaterStage(clock, (text) => read.push(text), seen);
  const beforeRun = (batch: string[]) => (batch[0]!.startsWith("seen ") ? watching.promise : undefined);
  const { score } = engineOf({ beforeRun, limits: { maxBatchCalls: 1, concurrency: 2 * texts.length } }, { clock, panels });
  const running = score(requestOf([itemOf("i", texts)]), contextOf());
  await settle(20);
  assert.deepEqual(read, texts);
  watching.resolve();
  const { results } = await running;
  assert.deepEqual(
    results[0]!.candidates.map(({ judges }) => judges[2]!.outcome),
    texts.map(() => "scored"),
  );
});

/** The same ask, of texts that are told apart. */
function withPrefix(ask: ReturnType<Judge["encode"]>[number]): typeof ask {
  const calls = ask.calls.map((call) => ({ ...call, segments: [{ text: `seen ${ask.candidates[0]}`, origin: "candidate" as const }] }));
  return { ...ask, calls: calls as typeof ask.calls };
}
