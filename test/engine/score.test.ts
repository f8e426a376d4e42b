import assert from "node:assert/strict";
import { test } from "node:test";
import { scalariser } from "../../src/config/member.ts";
import type { Call } from "../../src/domain/backend.ts";
import type { ConstrainedGroup, Constraining } from "../../src/domain/constraint.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Judge } from "../../src/domain/judge.ts";
import type { Constraint, Panel, Router } from "../../src/domain/panel.ts";
import type { Transform } from "../../src/domain/reward.ts";
import type { Observation, ScoreObserver } from "../../src/domain/run.ts";
import type { StateReader } from "../../src/domain/state.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { manualClock } from "../support/manual-clock.ts";
import { contextOf, deferred, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge, settle } from "../support/scripted.ts";
import { engineOf, WIDE } from "../support/scripted-engine.ts";

test("a second request for the same candidates costs no call, and says that its scores are cached", async () => {
  const { backend, score } = engineOf();
  const first = await score(requestOf([itemOf("a", ["one", "three"])]), contextOf());
  const second = await score(requestOf([itemOf("b", ["three", "one", "new!"])]), contextOf());
  assert.deepEqual(backend.ran.toSorted(), ["new!", "one", "three"]);
  assert.deepEqual(
    second.results[0]!.candidates.map(({ judges }) => judges[0]!.cached),
    [true, true, false],
  );
  assert.equal(first.usage.cachedScores, 0);
  assert.deepEqual(second.usage, { candidates: 3, cachedScores: 2, tokens: 4 });
});

test("cache use: bypass neither reads nor writes, refresh writes without reading", async () => {
  const { backend, score } = engineOf();
  const ask = (cache: "use" | "bypass" | "refresh") => score(requestOf([itemOf("a", ["text"])], { cache }), contextOf());
  await ask("bypass");
  await ask("use");
  await ask("bypass");
  await ask("refresh");
  await ask("use");
  assert.equal(backend.ran.length, 4);
});

test("two judges that ask the same backend the same thing share one forward pass", async () => {
  const judges = [
    scriptedJudge({ name: "one" }),
    scriptedJudge({ name: "two", decode: (value) => ({ outcome: "scored", value: -value }) }),
  ];
  const { backend, score } = engineOf({}, { judges });
  const { results, usage } = await score(requestOf([itemOf("a", ["text"])]), contextOf());
  assert.deepEqual(backend.ran, ["text"]);
  assert.equal(usage.tokens, 4);
  assert.deepEqual(
    results[0]!.candidates[0]!.judges.map((part) => part.raw),
    [4, -4],
  );
});

test("a new revision of a judge never meets the scores of the old one", async () => {
  const cache = createScoreCache({ maxBytes: 64e6, maxEntries: 1e6 });
  for (const [revision, value] of [
    ["r1", 1],
    ["r2", 2],
    ["r1", 1],
  ] as const) {
    const { score } = engineOf({ score: () => value }, { cache, judges: [scriptedJudge({ revision })] });
    const { results } = await score(requestOf([itemOf("a", ["text"])]), contextOf());
    assert.equal(results[0]!.candidates[0]!.reward, value);
  }
});

test("a panel whose weights have changed weighs the scores that are kept: no judge is asked again, and the rewards are the new ones", async () => {
  const cache = createScoreCache({ maxBytes: 64e6, maxEntries: 1e6 });
  const texts = Array.from({ length: 100 }, (_, index) => "x".repeat(index + 1));
  const judges = [
    scriptedJudge({ name: "plain" }),
    scriptedJudge({ name: "minus", decode: (value) => ({ outcome: "scored", value: -value }) }),
  ];
  for (const [weights, calls] of [
    [[1, 0.5], 100],
    [[0.25, 2], 0],
  ] as const) {
    const panels = [panelOf(judges.map((judge, index) => memberOf(judge, { weight: weights[index]! })))];
    const { backend, score } = engineOf({}, { cache, panels });
    const { results, usage } = await score(requestOf([itemOf("a", texts)]), contextOf());
    assert.equal(backend.ran.length, calls);
    assert.equal(usage.cachedScores, calls === 0 ? 200 : 0);
    assert.deepEqual(
      results[0]!.candidates.map(({ reward }) => reward),
      texts.map(({ length }) => length * weights[0] - length * weights[1]),
    );
  }
});

test("a failed or non-finite score is never cached: it is asked again", async () => {
  let broken = true;
  const { backend, score } = engineOf({ score: () => (broken ? Number.NaN : 7) });
  const first = await score(requestOf([itemOf("a", ["text"])]), contextOf());
  assert.equal(first.results[0]!.candidates[0]!.failure!.reason, "SCORE_NOT_FINITE");
  broken = false;
  const second = await score(requestOf([itemOf("a", ["text"])]), contextOf());
  assert.equal(second.results[0]!.candidates[0]!.reward, 7);
  assert.equal(backend.ran.length, 2);
});

test("a judge that cannot read its answer fails its candidate and no other", async () => {
  const judge = scriptedJudge({
    decode: (value) => {
      if (value === 3) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no number in it");
      return { outcome: "scored", value };
    },
  });
  const { score } = engineOf({}, { judges: [judge] });
  const { results } = await score(requestOf([itemOf("a", ["four", "bad", "five!"])]), contextOf());
  assert.deepEqual(
    results[0]!.candidates.map(({ status }) => status),
    ["complete", "failed", "complete"],
  );
});

test("a judge that fails by a fault of the gateway leaves its cause in the log, once a request and without a word of it", async () => {
  const lines: string[] = [];
  const log = createLogger({ level: "info", destination: { write: (line) => void lines.push(line) } });
  const fault = (word: string) => {
    throw new TypeError(`cannot read ${word}`);
  };
  const reads: Judge = { ...scriptedJudge({ name: "reads" }), decode: () => fault("secret") };
  const asks: Judge = { ...scriptedJudge({ name: "asks" }), encode: () => fault("secret") };
  const { score } = engineOf({}, { judges: [reads, asks], log });
  const [result] = (await score(requestOf([itemOf("a", ["secret", "secret too"])]), contextOf())).results;
  for (const { judges } of result!.candidates) {
    assert.deepEqual(
      judges.map(({ failure }) => failure!.message),
      Array(2).fill("internal error; the log has the cause under this request id"),
    );
  }
  const told = lines
    .map((line) => JSON.parse(line))
    .map(({ requestId, judge, err }) => [requestId, judge, err.name, /^ {4}at /.test(err.stack)]);
  assert.deepEqual(told.sort(), [
    ["test", "asks", "TypeError", true],
    ["test", "reads", "TypeError", true],
  ]);
  assert.ok(!lines.join().includes("secret"));
});

test("a judge may ask once more about answers that do not do, in one request and for one entry of the cache", async () => {
  const base = scriptedJudge({});
  const again = (text: string): Call => ({
    type: "forward",
    overlong: "error",
    segments: [{ text: `${text} again`, origin: "candidate" }],
  });
  const judge: Judge = {
    ...base,
    followUp: (ask, results, item) => {
      const text = item.candidates[ask.candidates[0]!]!.content as string;
      return text.startsWith("unclear") ? { candidates: ask.candidates, calls: [again(text)], earlier: results } : undefined;
    },
    decode(ask, results) {
      const numbers = [...(ask.earlier ?? []), ...results].map(({ outputs }) => outputs.score![0]!);
      if (numbers.at(-1) === "unclear still again".length) throw new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no number in it");
      return [{ outcome: "scored", value: numbers.reduce((sum, number) => sum + number, 0) }];
    },
  };
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 } }, { judges: [judge] });
  const { results, usage } = await score(requestOf([itemOf("a", ["clear", "unclear", "unclear still"])]), contextOf());
  const [clear, unclear, still] = results[0]!.candidates;
  assert.equal(clear!.reward, 5);
  assert.equal(unclear!.reward, "unclear".length + "unclear again".length);
  assert.equal(unclear!.judges[0]!.tokens, "unclear".length + "unclear again".length);
  assert.deepEqual([still!.status, still!.judges[0]!.failure!.reason], ["failed", "JUDGE_OUTPUT_UNREADABLE"]);
  assert.equal(usage.tokens, backend.ran.join("").length);
  const runs = backend.ran.length;
  const second = await score(requestOf([itemOf("b", ["unclear"])]), contextOf());
  assert.deepEqual([second.results[0]!.candidates[0]!.reward, backend.ran.length], [unclear!.reward, runs]);
});

/** A judge that asks about all candidates at once and scores those whose calls were answered, by the length of the text. */
function groupJudge(over: Partial<Judge> = {}): Judge {
  const base = scriptedJudge({});
  return {
    ...base,
    encode: (item) => [{ candidates: item.candidates.map((_, index) => index), calls: base.encode(item).flatMap(({ calls }) => calls) }],
    decode: (_ask, results) =>
      results.map(({ failure, outputs }) =>
        failure === undefined ? { outcome: "scored", value: outputs.score![0]! } : { outcome: "failed", error: failure },
      ),
    ...over,
  };
}

test("a judge that bears failures scores what was answered; what it scored so is not kept", async () => {
  let broken = true;
  const beforePrepare = (text: string) => (text === "bad" && broken ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined);
  const { score, backend } = engineOf({ beforePrepare }, { judges: [groupJudge({ bearsFailures: true })] });
  const request = requestOf([itemOf("a", ["four", "bad", "fives"])]);
  const { results } = await score(request, contextOf());
  assert.deepEqual(
    results[0]!.candidates.map(({ reward, judges }) => reward ?? judges[0]!.failure!.reason),
    [4, "ITEM_TOO_LONG", 5],
  );
  broken = false;
  const later = await score(request, contextOf());
  assert.deepEqual(
    later.results[0]!.candidates.map(({ reward }) => reward),
    [4, 3, 5],
  );
  const runs = backend.ran.length;
  assert.equal((await score(request, contextOf())).usage.cachedScores, 3);
  assert.equal(backend.ran.length, runs);
});

test("one failed call fails the whole ask of a judge that bears none", async () => {
  const beforePrepare = (text: string) => (text === "bad" ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined);
  const { score } = engineOf({ beforePrepare }, { judges: [groupJudge()] });
  const { results } = await score(requestOf([itemOf("a", ["four", "bad", "fives"])]), contextOf());
  assert.deepEqual(
    results[0]!.candidates.map(({ reward, judges }) => reward ?? judges[0]!.failure!.reason),
    ["ITEM_TOO_LONG", "ITEM_TOO_LONG", "ITEM_TOO_LONG"],
  );
});

test("a judge asks further as often as it declares, with every answer so far, and no more", async () => {
  const call = (text: string): Call => ({ type: "forward", overlong: "error", segments: [{ text, origin: "candidate" }] });
  const seen: number[] = [];
  const judge = groupJudge({
    maxFollowUps: 3,
    followUp: ({ candidates, earlier = [] }, results) => {
      const all = [...earlier, ...results];
      seen.push(all.length);
      return { candidates, calls: [call("x".repeat(all.length))], earlier: all };
    },
    decode: ({ earlier = [] }, results) => [{ outcome: "scored", value: [...earlier, ...results].length }],
  });
  const { score, backend } = engineOf({}, { judges: [judge] });
  const { results, usage } = await score(requestOf([itemOf("a", ["start"])]), contextOf());
  assert.deepEqual([results[0]!.candidates[0]!.reward, seen, backend.ran], [4, [1, 2, 3], ["start", "x", "xx", "xxx"]]);
  assert.equal(usage.tokens, "startxxxxxx".length);
});

/** A panel whose second judge only watches, and asks what the first asks. */
function watchedPanel(): Panel {
  return panelOf([memberOf(groupJudge({ name: "one" })), memberOf(groupJudge({ name: "two" }), { standing: "shadow", weight: 0 })]);
}

test("a judge that watches and asks what another asks hears of each call once, and neither reads answers before the last", async () => {
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 } }, { panels: [watchedPanel()] });
  const { results, usage } = await score(requestOf([itemOf("a", ["four", "fives"])]), contextOf());
  assert.deepEqual(
    results[0]!.candidates.map(({ judges }) => judges.map(({ raw }) => raw)),
    [
      [4, 4],
      [5, 5],
    ],
  );
  assert.deepEqual(backend.ran.toSorted(), ["fives", "four"]);
  assert.equal(usage.tokens, 9);
});

test("a caller that leaves takes along what a judge that watches asks too", async () => {
  const gate = deferred();
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 }, beforeRun: () => gate.promise }, { panels: [watchedPanel()] });
  const running = score(requestOf([itemOf("r", ["running"])]), contextOf());
  await settle();
  const caller = new AbortController();
  const gone = assert.rejects(score(requestOf([itemOf("c", ["cancelled"])]), contextOf(caller.signal)), { reason: "CALLER_GONE" });
  await settle();
  caller.abort();
  await gone;
  gate.resolve();
  await running;
  await settle();
  assert.deepEqual(backend.ran, ["running"]);
});

test("scores that rest on fleeting answers are not kept", async () => {
  let fleeting = true;
  const call = (text: string): Call => ({ type: "forward", overlong: "error", segments: [{ text, origin: "candidate" }] });
  const judge = groupJudge({
    followUp: ({ candidates }, results) => ({ candidates, calls: [call("further")], earlier: results, fleeting }),
  });
  const { score, backend } = engineOf({}, { judges: [judge] });
  const request = requestOf([itemOf("a", ["start"])]);
  for (const cached of [0, 0]) assert.equal((await score(request, contextOf())).usage.cachedScores, cached);
  fleeting = false;
  for (const cached of [0, 1]) assert.equal((await score(request, contextOf())).usage.cachedScores, cached);
  assert.equal(backend.ran.filter((text) => text === "further").length, 3);
});

test("what a judge saw before it gave up is shown with detail full, without a number", async () => {
  const findings = [{ name: "round 1", text: "391" }];
  const error = new GatewayError("JUDGE_OUTPUT_UNREADABLE", "no verdict");
  const judge = scriptedJudge({
    decode: (value) => (value === 4 ? { outcome: "failed", error, findings } : { outcome: "abstained", message: "unsure", findings }),
  });
  const { score } = engineOf({}, { judges: [judge] });
  const request = (detail: "full" | "judges") => requestOf([itemOf("a", ["four", "abstain"])], { detail });
  const partsOf = async (detail: "full" | "judges") =>
    (await score(request(detail), contextOf())).results[0]!.candidates.map(({ judges: [part] }) => [
      part!.outcome,
      part!.raw,
      part!.findings,
    ]);
  assert.deepEqual(await partsOf("full"), [
    ["failed", undefined, findings],
    ["abstained", undefined, findings],
  ]);
  assert.deepEqual(await partsOf("judges"), [
    ["failed", undefined, undefined],
    ["abstained", undefined, undefined],
  ]);
});

test("1,000 equal items from many callers cost exactly one call", async () => {
  const gate = deferred();
  const { backend, score } = engineOf({ beforeRun: () => gate.promise });
  const answers = Array.from({ length: 1000 }, (_, index) => score(requestOf([itemOf(`${index}`, ["same"])]), contextOf()));
  await settle();
  gate.resolve();
  for (const { results } of await Promise.all(answers)) assert.equal(results[0]!.candidates[0]!.reward, 4);
  assert.deepEqual(backend.ran, ["same"]);
});

test("a request that joins a call under way is told of its own time, not of what passed before it came", async () => {
  const clock = manualClock(1000);
  const gate = deferred();
  const { score } = engineOf({ beforeRun: () => gate.promise }, { clock });
  const first = score(requestOf([itemOf("a", ["same"])]), contextOf());
  await settle();
  clock.advance(100);
  const second = score(requestOf([itemOf("b", ["same"])]), contextOf());
  await settle();
  clock.advance(10);
  gate.resolve();
  assert.deepEqual((await first).timing, { totalMs: 110, queueMs: 0, prepareMs: 0, backendMs: 110 });
  assert.deepEqual((await second).timing, { totalMs: 10, queueMs: 0, prepareMs: 0, backendMs: 10 });
});

test("a score reaches the cache before its call leaves the flights, so there is no moment to compute it twice", async () => {
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 } });
  const big = score(requestOf([itemOf("big", ["a", "bb", "ccc", "dddd"])]), contextOf());
  const others: Promise<unknown>[] = [];
  while (backend.ran.length < 4) {
    others.push(score(requestOf([itemOf("x", ["a", "bb"])]), contextOf()));
    await settle(1);
  }
  await Promise.all([big, ...others]);
  assert.deepEqual(backend.ran.toSorted(), ["a", "bb", "ccc", "dddd"]);
});

test("when the deadline passes, the caller hears so and unstarted work never runs", async () => {
  const clock = manualClock();
  const gate = deferred();
  const { backend, score, metrics } = engineOf({ limits: { maxBatchCalls: 1 }, beforeRun: () => gate.promise }, { clock });
  const running = score(requestOf([itemOf("r", ["running"])]), contextOf());
  await settle();
  const late = Array.from({ length: 500 }, (_, index) =>
    score(requestOf([itemOf("l", [`late ${index}`])], { deadlineMs: 100 }), contextOf()),
  );
  const refused = Promise.allSettled(late);
  await settle();
  clock.advance(100);
  for (const outcome of await refused) assert.equal((outcome as PromiseRejectedResult).reason.reason, "DEADLINE_EXCEEDED");
  gate.resolve();
  await running;
  await settle();
  assert.deepEqual(backend.ran, ["running"]);
  const text = await metrics.registry.metrics();
  assert.match(text, /rewardgate_queue_wait_seconds_count\{backend="scripted",outcome="expired"\} 500/);
  assert.match(text, /rewardgate_requests_waiting 0/);
});

test("a deadline that the queue sees before the request's own timer does ends the request too, and is no failure of its judge", async () => {
  const time = manualClock();
  let behind = 0;
  const clock = { ...time, now: () => time.now() + behind };
  const gate = deferred();
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 }, beforeRun: () => gate.promise }, { clock });
  const running = score(requestOf([itemOf("r", ["running"])]), contextOf());
  await settle();
  const late = assert.rejects(score(requestOf([itemOf("l", ["late"])], { deadlineMs: 100 }), contextOf()), { reason: "DEADLINE_EXCEEDED" });
  await settle();
  behind = 200;
  gate.resolve();
  await late;
  assert.equal((await running).results[0]!.candidates[0]!.reward, 7);
  assert.deepEqual(backend.ran, ["running"]);
});

test("nothing waits for ever: without a deadline of the caller, the server's cap ends the request", async () => {
  const clock = manualClock();
  const { score } = engineOf({ beforeRun: () => new Promise(() => {}) }, { clock, maxRequestMs: 100_000 });
  const answer = score(requestOf([itemOf("a", ["never"])]), contextOf());
  const refused = assert.rejects(answer, { reason: "DEADLINE_EXCEEDED" });
  await settle();
  clock.advance(99_999);
  await settle();
  clock.advance(1);
  await refused;
  assert.equal(clock.pending, 0);
});

test("a caller that cancels leaves at once; what it alone waited for never runs", async () => {
  const gate = deferred();
  const { backend, score } = engineOf({ limits: { maxBatchCalls: 1 }, beforeRun: () => gate.promise });
  const running = score(requestOf([itemOf("r", ["running"])]), contextOf());
  await settle();
  const caller = new AbortController();
  const cancelled = score(requestOf([itemOf("c", ["cancelled", "shared"])]), contextOf(caller.signal));
  const other = score(requestOf([itemOf("o", ["shared"])]), contextOf());
  const gone = assert.rejects(cancelled, { reason: "CALLER_GONE" });
  await settle();
  caller.abort();
  await gone;
  gate.resolve();
  await Promise.all([running, other]);
  assert.deepEqual(backend.ran, ["running", "shared"]);
});

test("a caller that is gone before it is heard costs nothing", async () => {
  const { score, backend } = engineOf({ limits: { maxBatchCalls: 1 } });
  await assert.rejects(score(requestOf([itemOf("a", ["text"])]), contextOf(AbortSignal.abort())), { reason: "CALLER_GONE" });
  await settle();
  assert.deepEqual(backend.ran, []);
});

test("an unknown panel and an unknown objective name what exists", async () => {
  const { score } = engineOf();
  await assert.rejects(score({ ...requestOf([itemOf("a", ["x"])]), panel: "chta" }, contextOf()), {
    reason: "PANEL_NOT_FOUND",
    message: /panel/,
  });
  const steering = { weights: { helpfulnes: 1 }, mode: "override", alpha: 1 } as const;
  await assert.rejects(score(requestOf([itemOf("a", ["x"])], { steering }), contextOf()), { reason: "REQUEST_INVALID" });
});

test("a refused request is refused whole and nothing of it runs", async () => {
  const gate = deferred();
  const { backend, score } = engineOf({ beforeRun: () => gate.promise }, { queue: { ...WIDE, maxCalls: 2 } });
  const running = score(requestOf([itemOf("r", ["running"])]), contextOf());
  await settle();
  const waiting = score(requestOf([itemOf("w", ["w1", "w2"])]), contextOf());
  await assert.rejects(score(requestOf([itemOf("x", ["x1"])]), contextOf()), { reason: "QUEUE_FULL" });
  gate.resolve();
  await Promise.all([running, waiting]);
  assert.deepEqual(backend.ran.toSorted(), ["running", "w1", "w2"]);
});

test("the counts of the metrics agree with what was scored", async () => {
  const { score, metrics } = engineOf({ score: (text) => (text === "nan" ? Number.NaN : 1) });
  await score(requestOf([itemOf("a", ["x", "nan"]), itemOf("b", ["x", "y"])]), contextOf());
  await score(requestOf([itemOf("c", ["x"])]), contextOf());
  const text = await metrics.registry.metrics();
  assert.match(text, /rewardgate_judge_calls_total\{judge="judge",outcome="scored"\} 4/);
  assert.match(text, /rewardgate_judge_calls_total\{judge="judge",outcome="failed"\} 1/);
  assert.match(text, /rewardgate_candidates_total\{panel="panel",status="complete"\} 4/);
  assert.match(text, /rewardgate_candidates_total\{panel="panel",status="failed"\} 1/);
  assert.match(text, /rewardgate_nonfinite_scores_total\{judge="judge"\} 1/);
  assert.match(text, /rewardgate_cache_requests_total\{tier="l1",result="hit"\} 1/);
});

test("imputed scores are counted whatever detail a request asks for", async () => {
  const members = [memberOf(letterJudge("a")), memberOf(letterJudge("b"), { onFailure: { policy: "impute", value: 0 } })];
  const { score, metrics } = engineOf({ score: numberOf }, { panels: [panelOf(members)] });
  const imputed = async () => (await metrics.imputed.get()).values.map(({ labels, value }) => [labels.judge, value]);
  for (const [times, detail] of (["reward", "judges", "full"] as const).entries()) {
    const { results } = await score(requestOf([itemOf("i", ["a1 b2", "a3", "b4"])], { detail }), contextOf());
    assert.deepEqual(
      results[0]!.candidates.map(({ status, reward }) => [status, reward]),
      [
        ["complete", 3],
        ["degraded", 3],
        ["failed", undefined],
      ],
    );
    assert.deepEqual(await imputed(), [["b", times + 1]]);
  }
});

test("a stop in the middle ends the whole request, cached scores or not, so that its caller sends it elsewhere", async () => {
  const gate = deferred();
  const { score, batcher } = engineOf({ beforeRun: (texts) => (texts.includes("new") ? gate.promise : undefined) });
  await score(requestOf([itemOf("a", ["old"])]), contextOf());
  const answer = score(requestOf([itemOf("a", ["old", "new"])]), contextOf());
  const refused = assert.rejects(answer, { reason: "SHUTTING_DOWN" });
  await settle();
  batcher.abandon(new GatewayError("SHUTTING_DOWN", "stopping"));
  await refused;
  gate.resolve();
});

test("a stop ends no request that waits for a judge alone that only watches", async () => {
  const gate = deferred();
  const members = [memberOf(letterJudge("a")), memberOf(letterJudge("b"), { standing: "shadow", weight: 0 })];
  const beforeRun = (texts: string[]) => (texts.some((text) => text.startsWith("b")) ? gate.promise : undefined);
  const { score, batcher } = engineOf({ score: numberOf, limits: { maxBatchCalls: 1 }, beforeRun }, { panels: [panelOf(members)] });
  const answer = score(requestOf([itemOf("i", ["a1 b2"])]), contextOf());
  await settle(20);
  batcher.abandon(new GatewayError("SHUTTING_DOWN", "stopping"));
  const [candidate] = (await answer).results[0]!.candidates;
  assert.deepEqual([candidate!.status, candidate!.reward, candidate!.judges[1]!.failure!.reason], ["complete", 1, "SHUTTING_DOWN"]);
  gate.resolve();
});

/** A judge that says the number in the text under its own letter: `a3 b-1` is 3 to judge a. */
function letterJudge(letter: string, more: { notApplicable?: (item: Item) => string | undefined } = {}): Judge {
  const judge = scriptedJudge({ name: letter, ...more });
  return {
    ...judge,
    encode: (item) =>
      judge.encode(item).map((ask) => ({
        ...ask,
        calls: ask.calls.map((call) => ({
          ...call,
          segments: [{ text: `${letter}|${item.candidates[ask.candidates[0]!]!.content}`, origin: "candidate" as const }],
        })),
      })),
  };
}
/** Reads the number under the letter that a call begins with; a letter that the text lacks is NaN. */
function numberOf(text: string): number {
  const [letter, said] = text.split("|");
  return Number(
    said!
      .split(" ")
      .find((word) => word.startsWith(letter!))
      ?.slice(1),
  );
}

test("a table sends each item of a request to its panel, and the answer says which rows led there", async () => {
  const plain = panelOf([memberOf(letterJudge("a"))], { name: "plain" });
  const other = panelOf([memberOf(letterJudge("b"))], { name: "other" });
  const inner: Router = { name: "inner", description: "", revision: "i", rows: [], choose: () => ({ to: "other", row: -1 }) };
  const outer: Router = {
    name: "panel",
    description: "",
    revision: "o",
    rows: [],
    choose: ({ domain }) => (domain === "b" ? { to: "inner", row: 0 } : { to: "plain", row: -1 }),
  };
  const { score } = engineOf({ score: numberOf }, { panels: [plain, other, inner, outer] });
  const items = [itemOf("x", ["a1 b5"]), { ...itemOf("y", ["a1 b5", "a2 b6"]), domain: "b" }, itemOf("z", ["a3"])];
  const { results, panel, panelRevision } = await score(requestOf(items), contextOf());
  assert.deepEqual([panel, panelRevision], ["panel", "o"]);
  assert.deepEqual(
    results.map(({ id, candidates, route }) => [id, candidates.map(({ reward }) => reward), route?.panel, route?.rows]),
    [
      ["x", [1], "plain", [-1]],
      ["y", [5, 6], "other", [0, -1]],
      ["z", [3], "plain", [-1]],
    ],
  );
});

test("shadows and audits are scored, never count, and cannot fail a candidate; an audit is not shown", async () => {
  const members = [
    memberOf(letterJudge("a")),
    memberOf(letterJudge("b"), { standing: "shadow", weight: 0 }),
    memberOf(letterJudge("c"), { standing: "audit", weight: 0 }),
  ];
  const { score, metrics } = engineOf({ score: numberOf }, { panels: [panelOf(members)] });
  const [result] = (await score(requestOf([itemOf("i", ["a1 b2 c3", "a4"])]), contextOf())).results;
  assert.deepEqual(
    result!.candidates.map(({ status, reward, missing, judges }) => [
      status,
      reward,
      missing,
      judges.map(({ member, shadow, weight, outcome }) => [member, shadow, weight, outcome]),
    ]),
    [
      [
        "complete",
        1,
        [],
        [
          ["a", false, 1, "scored"],
          ["b", true, 0, "scored"],
        ],
      ],
      [
        "complete",
        4,
        [],
        [
          ["a", false, 1, "scored"],
          ["b", true, 0, "failed"],
        ],
      ],
    ],
  );
  const calls = await metrics.judgeCalls.get();
  const ofAudit = calls.values.filter(({ labels }) => labels.judge === "c").map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(ofAudit.sort(), [
    ["failed", 1],
    ["scored", 1],
  ]);
});

test("a request does not fail for a judge that only watches: not by its queue, and not at the deadline", async () => {
  const gate = deferred();
  const slow = scriptedBackend({ name: "slow", beforeRun: () => gate.promise, score: numberOf });
  const fast = scriptedBackend({ name: "scripted", score: numberOf });
  const clock = manualClock();
  const metrics = createMetrics({ version: "test", commit: "test" });
  const watcher = { ...letterJudge("b"), backend: "slow" };
  const panel = panelOf([memberOf(letterJudge("a")), memberOf(watcher, { standing: "shadow", weight: 0 })]);
  const queues = [WIDE, { ...WIDE, maxCalls: 1 }];
  const batchers = [fast, slow].map((backend, i) => createBatcher({ backend, queue: queues[i]!, clock, random: () => 0.5 }));
  const score = createScorer({
    panels: new Map([["panel", panel]]),
    batchers: new Map([
      ["scripted", batchers[0]!],
      ["slow", batchers[1]!],
    ]),
    cache: createScoreCache({ maxBytes: 1e6, maxEntries: 1e3, metrics }),
    clock,
    maxRequestMs: 50,
    metrics,
  });
  const running = score(requestOf([itemOf("i", ["a1 b2", "a3 b4", "a5 b6"])]), contextOf());
  await settle(20);
  clock.advance(60);
  const [result] = (await running).results;
  assert.deepEqual(
    result!.candidates.map(({ status, reward }) => [status, reward]),
    [
      ["complete", 1],
      ["complete", 3],
      ["complete", 5],
    ],
  );
  const reasons = result!.candidates.map(({ judges }) => judges[1]!.failure!.reason);
  assert.ok(reasons.includes("DEADLINE_EXCEEDED") && reasons.includes("QUEUE_FULL"), String(reasons));
  gate.resolve();
  await settle(20);
});

/** An engine of a panel whose judge `a` answers at once and whose auditor `b` answers when the gate opens. */
function watchedEngine(maxRequestMs: number) {
  const clock = manualClock(1_000);
  const gate = deferred();
  const members = [memberOf(letterJudge("a")), memberOf(letterJudge("b"), { standing: "audit", weight: 0 })];
  const script = {
    score: numberOf,
    limits: { maxBatchCalls: 1 },
    beforeRun: (texts: string[]) => (texts[0]![0] === "b" ? gate.promise : undefined),
  };
  return { ...engineOf(script, { clock, maxRequestMs, panels: [panelOf(members)] }), clock, gate };
}

test("a request leaves behind what only watches so long before its deadline that its answer is in time", async () => {
  for (const [deadlineMs, waits] of [
    [1_000, 900],
    [60_000, 59_000],
  ] as const) {
    const { score, clock, gate } = watchedEngine(400_000);
    let answered = false;
    const answer = score(requestOf([itemOf("i", ["a1 b2"])], { deadlineMs }), contextOf()).finally(() => {
      answered = true;
    });
    await settle();
    clock.advance(waits - 1);
    await settle();
    assert.equal(answered, false);
    clock.advance(1);
    assert.equal((await answer).results[0]!.candidates[0]!.reward, 1);
    assert.equal(clock.pending, 0);
    gate.resolve();
  }
});

test("a request that names a late deadline waits for what only watches no longer than one that names none", async () => {
  const { score, clock, gate } = watchedEngine(100_000);
  let answered = false;
  const answer = score(requestOf([itemOf("i", ["a1 b2"])], { deadlineMs: 90_000 }), contextOf()).finally(() => {
    answered = true;
  });
  await settle(20);
  clock.advance(24_999);
  await settle(20);
  assert.equal(answered, false);
  clock.advance(1);
  await settle(20);
  assert.equal(answered, true);
  assert.equal((await answer).results[0]!.candidates[0]!.reward, 1);
  gate.resolve();
});

test("a request starts a timer for judges that only watch where it has any", async () => {
  for (const [standing, timers] of [
    ["counts", 1],
    ["audit", 2],
  ] as const) {
    const clock = manualClock();
    const gate = deferred();
    const members = [memberOf(letterJudge("a")), memberOf(letterJudge("b"), { standing, weight: standing === "counts" ? 1 : 0 })];
    const { score } = engineOf({ score: numberOf, beforeRun: () => gate.promise }, { clock, panels: [panelOf(members)] });
    const answer = score(requestOf([itemOf("i", ["a1 b2"])]), contextOf());
    await settle(20);
    assert.equal(clock.pending, timers);
    gate.resolve();
    await answer;
    assert.equal(clock.pending, 0);
  }
});

test("a request that joins a call which runs already is not counted as waiting", async () => {
  const gate = deferred();
  const { score, metrics } = engineOf({ beforeRun: () => gate.promise });
  const waiting = async () => (await metrics.requestsWaiting.get()).values[0]!.value;
  const first = score(requestOf([itemOf("a", ["text"])]), contextOf());
  await settle(20);
  assert.equal(await waiting(), 0);
  const second = score(requestOf([itemOf("b", ["text"])]), contextOf());
  await settle(20);
  assert.equal(await waiting(), 0);
  gate.resolve();
  await Promise.all([first, second]);
  assert.equal(await waiting(), 0);
});

test("a request without a deadline waits for what only watches as long again as its rewards took, at least a quarter of the longest time", async () => {
  for (const [rewardMs, heard, waits] of [
    [10, 24_000, 25_000],
    [30_000, 29_000, 30_000],
  ] as const) {
    const clock = manualClock(1_000);
    const gates = new Map(["a", "b", "c"].map((letter) => [letter, deferred()]));
    const members = [
      memberOf(letterJudge("a")),
      memberOf(letterJudge("b"), { standing: "shadow", weight: 0 }),
      memberOf(letterJudge("c"), { standing: "shadow", weight: 0 }),
    ];
    const script = {
      score: numberOf,
      limits: { maxBatchCalls: 1, concurrency: 3, parallelism: 3 },
      beforeRun: (texts: string[]) => gates.get(texts[0]![0]!)!.promise,
    };
    const { score } = engineOf(script, { clock, maxRequestMs: 100_000, panels: [panelOf(members)] });
    let answered = false;
    const answer = score(requestOf([itemOf("i", ["a1 b2 c3"])]), contextOf()).finally(() => {
      answered = true;
    });
    const pass = async (ms: number, letter?: string) => {
      await settle(20);
      clock.advance(ms);
      if (letter !== undefined) gates.get(letter)!.resolve();
      await settle(20);
    };
    await pass(rewardMs, "a");
    await pass(heard, "b");
    await pass(waits - heard - 1);
    assert.equal(answered, false);
    await pass(1);
    assert.equal(answered, true);
    const [candidate] = (await answer).results[0]!.candidates;
    assert.equal(candidate!.reward, 1);
    assert.deepEqual(
      candidate!.judges.map(({ outcome, raw, failure }) => [outcome, raw, failure?.reason]),
      [
        ["scored", 1, undefined],
        ["scored", 2, undefined],
        ["failed", undefined, "DEADLINE_EXCEEDED"],
      ],
    );
    assert.equal(clock.pending, 0);
    gates.get("c")!.resolve();
  }
});

test("a sample is a share of the items, and the same one for whoever asks", async () => {
  const members = [memberOf(letterJudge("a")), memberOf(letterJudge("b"), { standing: "shadow", weight: 0, sample: 0.25 })];
  const { score } = engineOf({ score: numberOf }, { panels: [panelOf(members)] });
  const items = Array.from({ length: 400 }, (_, i) => itemOf(`i${i}`, [`a${i} b${i}`]));
  const outcomes = async () =>
    (await score(requestOf(items), contextOf())).results.map(({ candidates }) => candidates[0]!.judges[1]!.outcome);
  const first = await outcomes();
  assert.deepEqual(await outcomes(), first);
  const share = first.filter((outcome) => outcome === "scored").length / first.length;
  assert.ok(share > 0.17 && share < 0.33, String(share));
  assert.ok(first.every((outcome) => outcome === "scored" || outcome === "skipped"));
});

/** A panel that rewards by judge a under a gate by judge b, and compares with the item's baselines. */
function gatedPanel(apply: (group: ConstrainedGroup) => void = () => {}): Panel {
  return panelOf([memberOf(letterJudge("a"))], {
    readsBaselines: true,
    constraints: {
      readings: [{ ...memberOf(letterJudge("b")), name: "gate", bound: { atLeast: 0 }, notApplicable: "unknown" }],
      rule: {
        revision: "r",
        readsBaselines: true,
        readsKl: true,
        spaceOut: "logit",
        join: (verdicts) => verdicts[0]!,
        apply(group) {
          apply(group);
          const rewards = group.rewards.map((reward, i) =>
            reward === null || group.verdicts[i] === "unknown" ? null : { reward: group.verdicts[i] === "satisfied" ? reward : null },
          );
          return { rewards, summary: { positive: [], negative: [] } };
        },
      },
    },
  });
}

test("constraints veto what violates them, fail what could not be judged, and see the item's baselines as the panel rewards them", async () => {
  const seen: ConstrainedGroup[] = [];
  const { score } = engineOf({ score: numberOf }, { panels: [gatedPanel((group) => seen.push(group))] });
  const item: Item = {
    ...itemOf("i", []),
    candidates: [
      { content: "a1 b2", kl: 0.5 },
      { content: "a2 b-1", kl: 1, truncated: true },
      { content: "a3", kl: 2 },
    ],
    baselines: [{ content: "a10 b1" }, { content: "a20 b-3" }],
  };
  const { results, usage } = await score(requestOf([item]), contextOf());
  const candidates = results[0]!.candidates;
  assert.deepEqual(
    candidates.map(({ status, reward, failure, constraints }) => [status, reward, failure?.reason, constraints!.verdict]),
    [
      ["complete", 1, undefined, "satisfied"],
      ["vetoed", undefined, "CONSTRAINT_VIOLATED", "violated"],
      ["failed", undefined, "SCORE_NOT_FINITE", "unknown"],
    ],
  );
  assert.match(candidates[1]!.failure!.message, /violates "gate"/);
  assert.deepEqual(
    candidates[1]!.constraints!.parts.map(({ constraint, judge, score: held, atLeast }) => [constraint, judge, held, atLeast]),
    [["gate", "b", -1, 0]],
  );
  assert.equal(candidates[1]!.judges[0]!.raw, 2);
  assert.deepEqual(
    seen.map(({ rewards, verdicts, baseline, baselineVerdict, kl, truncated }) => ({
      rewards,
      verdicts,
      baseline,
      baselineVerdict,
      kl,
      truncated,
    })),
    [
      {
        rewards: [1, 2, 3],
        verdicts: ["satisfied", "violated", "unknown"],
        baseline: 15,
        baselineVerdict: "satisfied",
        kl: [0.5, 1, 2],
        truncated: [false, true, false],
      },
    ],
  );
  assert.equal(usage.candidates, 3);
});

test("an item that does not tell what its panel reads is refused before anything runs", async () => {
  const { score, backend } = engineOf({ score: numberOf }, { panels: [gatedPanel()] });
  await assert.rejects(score(requestOf([itemOf("i", ["a1 b1"])]), contextOf()), (error: GatewayError) => {
    assert.deepEqual([error.reason, error.details.field], ["REQUEST_INVALID", "items[0].candidates[0].kl"]);
    return true;
  });
  assert.deepEqual(backend.ran, []);
});

test("an item of a stream that does not tell what its panel reads is refused with the path that its message has", async () => {
  const { score } = engineOf({ score: numberOf }, { panels: [gatedPanel()] });
  await assert.rejects(score(requestOf([itemOf("i", ["a1 b1"])]), { ...contextOf(), streamed: true }), (error: GatewayError) => {
    assert.equal(error.details.field, "item.candidates[0].kl");
    assert.match(error.message, /^item\.candidates\[0\]\.kl: required/);
    return true;
  });
});

test("weight sets give a reward each from one judgement, and a set that nobody can weigh by is refused", async () => {
  const panel = panelOf([memberOf(letterJudge("a"), { weight: 2 }), memberOf(letterJudge("b"))]);
  const { score, backend } = engineOf({ score: numberOf }, { panels: [panel] });
  const weightSets = [
    { name: "onlyB", memberWeights: { b: 3 } },
    { name: "both", memberWeights: { a: 1, b: 1 } },
  ];
  const [result] = (await score(requestOf([itemOf("i", ["a1 b2", "a5 b7"])], { weightSets }), contextOf())).results;
  assert.deepEqual(
    result!.candidates.map(({ reward, rewards }) => [reward, rewards]),
    [
      [4, { onlyB: 6, both: 3 }],
      [17, { onlyB: 21, both: 12 }],
    ],
  );
  assert.equal(backend.ran.length, 4);
  for (const [memberWeights, says] of [
    [{ c: 1 }, /no member "c"/],
    [{ a: 0 }, /without weight/],
  ] as const) {
    await assert.rejects(score(requestOf([itemOf("i", ["a1 b1"])], { weightSets: [{ name: "x", memberWeights }] }), contextOf()), says);
  }
});

test("advantages over a request are refused on a stream and given in a unary call", async () => {
  const panel = panelOf([memberOf(letterJudge("a"))], {
    advantages: {
      method: "batchMean",
      revision: "r",
      scope: "batch",
      readsLengths: false,
      estimate: (groups) => {
        const all = groups.flatMap(({ rewards }) => rewards.filter((reward) => reward !== null));
        const mean = all.reduce((sum, reward) => sum + reward, 0) / all.length;
        return groups.map(({ rewards }) => ({
          advantages: rewards.map((reward) => (reward === null ? null : reward - mean)),
          mean,
          std: 0,
          zeroVariance: false,
        }));
      },
    },
  });
  const { score } = engineOf({ score: numberOf }, { panels: [panel] });
  const request = requestOf([itemOf("i", ["a1", "b"]), itemOf("j", ["a3"])]);
  const { results } = await score(request, contextOf());
  assert.deepEqual(
    results.map(({ candidates, group }) => [candidates.map(({ advantage }) => advantage), group!.mean]),
    [
      [[-1, undefined], 2],
      [[1], 2],
    ],
  );
  await assert.rejects(score(request, { ...contextOf(), streamed: true }), /unary/);
});

test("states are read once, for the request's run and the versions that it pins, and the answer names them", async () => {
  const reads: unknown[] = [];
  const states: StateReader = {
    async read(name, run, version) {
      reads.push([name, run, version]);
      return { name, run, version: version ?? 9, kind: "hedge", value: { weights: { a: 0.25, b: 0.75 } } };
    },
  };
  const panel = panelOf([memberOf(letterJudge("a")), memberOf(letterJudge("b"))], {
    states: ["mix"],
    weighting: {
      state: "mix",
      weightsOf: (snapshot) =>
        snapshot.kind === "hedge" ? Float64Array.of(snapshot.value.weights.a!, snapshot.value.weights.b!) : new Float64Array(2),
    },
  });
  const { score } = engineOf({ score: numberOf }, { panels: [panel], states });
  const items = [itemOf("i", ["a4 b8"]), itemOf("j", ["a0 b4"])];
  const answer = await score({ ...requestOf(items, { stateVersions: { mix: 3 } }), run: "r1" }, contextOf());
  assert.deepEqual(
    answer.results.map(({ candidates }) => candidates[0]!.reward),
    [7, 3],
  );
  assert.deepEqual(answer.states, [{ name: "mix", version: 3 }]);
  assert.deepEqual((await score(requestOf(items), contextOf())).states, [{ name: "mix", version: 9 }]);
  assert.deepEqual(reads, [
    ["mix", "r1", 3],
    ["mix", "default", undefined],
  ]);
  await assert.rejects(score(requestOf(items, { stateVersions: { other: 1 } }), contextOf()), /no panel reads a state "other"/);
});

test("weights of a request that leave a judge which only watches none are a failure of its own, and the others' rewards stay", async () => {
  const gated = (name: string, objective: string): Judge => ({
    ...scriptedJudge({
      name,
      decode: (value) => ({ outcome: "scored", value, objectives: Float64Array.of(value), gating: Float64Array.of(1) }),
    }),
    gated: { objectives: [{ name: objective, penalty: 0 }], verbosityIndex: -1 },
  });
  const member = (judge: Judge, standing: "counts" | "shadow" | "audit") =>
    memberOf(judge, { standing, weight: standing === "counts" ? 1 : 0, scalarise: scalariser(judge) });
  const steering = { weights: { helpfulness: 1 }, mode: "override", alpha: 1 } as const;
  const weightSets = [{ name: "again", steering }];
  for (const standing of ["shadow", "audit"] as const) {
    const panels = [panelOf([member(gated("old", "helpfulness"), "counts"), member(gated("new", "clarity"), standing)])];
    const heard: Observation[] = [];
    const observer: ScoreObserver = { observe: (observation) => void heard.push(observation), observeRaw: () => {} };
    const { score } = engineOf({}, { panels, observer });
    const request = { ...requestOf([itemOf("a", ["four"])], { steering, weightSets }), run: "r" };
    const [candidate] = (await score(request, contextOf())).results[0]!.candidates;
    assert.deepEqual([candidate!.status, candidate!.reward, candidate!.rewards], ["complete", 4, { again: 4 }]);
    const watcher = candidate!.judges[1];
    assert.deepEqual(
      [watcher?.outcome, watcher?.failure?.reason],
      standing === "audit" ? [undefined, undefined] : ["failed", "REQUEST_INVALID"],
    );
    assert.deepEqual(
      heard[0]!.items[0]!.members.map(({ scores }) => scores),
      [[4], [null]],
    );
  }
});

test("weights of objectives that would change no reward are refused: those of judges that watch, constrain, or of which one is read", async () => {
  const gated = (name: string, objective: string): Judge => ({
    ...scriptedJudge({ name }),
    gated: { objectives: [{ name: objective, penalty: 0 }], verbosityIndex: -1 },
  });
  const rule: Constraining = {
    ...{ revision: "1", readsBaselines: false, readsKl: false, spaceOut: "logit", join: (verdicts) => verdicts[0]! },
    apply: ({ rewards }) => ({ rewards: rewards.map((reward) => ({ reward })), summary: { positive: [], negative: [] } }),
  };
  const gate: Constraint = { ...memberOf(gated("gate", "safe")), bound: { atLeast: 0 }, notApplicable: "unknown" };
  const { gated: _, ...one } = memberOf(gated("one", "clear"));
  const watchers = [
    memberOf(gated("watches", "kind"), { standing: "shadow", weight: 0 }),
    memberOf(gated("looks", "calm"), { standing: "audit" }),
  ];
  const panel = panelOf([memberOf(gated("joins", "helpful")), one, ...watchers], { constraints: { readings: [gate], rule } });
  const { score } = engineOf({}, { panels: [panel] });
  for (const name of ["clear", "kind", "calm", "safe"]) {
    const steering = { weights: { helpful: 1, [name]: 1 }, mode: "override", alpha: 1 } as const;
    for (const [options, field] of [
      [{ steering }, `options.objectiveWeights.${name}`],
      [{ weightSets: [{ name: "w", steering }] }, `options.weightSets[0].objectiveWeights.${name}`],
    ] as const) {
      await assert.rejects(score(requestOf([itemOf("a", ["four"])], options), contextOf()), {
        message: new RegExp(`that counts joins the objective "${name}" with others, so its weight would change no reward`),
        details: { field, suggestions: ["helpful"] },
      });
    }
  }
});

test("a state that only a judge which watches reads may be away: that judge has failed, and the rewards are there", async () => {
  const scale: Transform = {
    ...{ name: "scale", spaceIn: "logit", spaceOut: "logit", revision: "1", state: "scales" },
    apply: (scores) => scores,
  };
  const away: StateReader = { read: () => Promise.reject(new GatewayError("STATE_STORE_UNAVAILABLE", "the store is away")) };
  const scaled = (standing: "counts" | "shadow") =>
    memberOf(scriptedJudge({ name: "scaled" }), { standing, weight: standing === "counts" ? 1 : 0, transforms: [scale] });
  const panelWith = (standing: "counts" | "shadow") => [panelOf([memberOf(scriptedJudge({})), scaled(standing)], { states: ["scales"] })];
  const watched = await engineOf({}, { panels: panelWith("shadow"), states: away }).score(requestOf([itemOf("a", ["four"])]), contextOf());
  const [candidate] = watched.results[0]!.candidates;
  assert.deepEqual([candidate!.status, candidate!.reward, watched.states], ["complete", 4, []]);
  assert.deepEqual([candidate!.judges[1]!.outcome, candidate!.judges[1]!.failure!.reason], ["failed", "STATE_STORE_UNAVAILABLE"]);
  const needed = engineOf({}, { panels: panelWith("counts"), states: away });
  await assert.rejects(needed.score(requestOf([itemOf("a", ["four"])]), contextOf()), { reason: "STATE_STORE_UNAVAILABLE" });
});

test("options may name what any panel behind a table has, whichever of them the items of this request go to", async () => {
  const gated = (name: string): Judge => ({
    ...scriptedJudge({ name }),
    gated: { objectives: [{ name: `of-${name}`, penalty: 0 }], verbosityIndex: -1 },
  });
  const panels: (Panel | Router)[] = [
    panelOf([memberOf(gated("a"))], { name: "first" }),
    panelOf([memberOf(gated("b"))], { name: "second", states: ["scales"] }),
    {
      ...{ name: "inner", description: "", revision: "1", rows: [{ when: "", panel: "second" }] },
      choose: () => ({ to: "second", row: -1 }),
    },
    {
      ...{ name: "panel", description: "", revision: "1", rows: ["first", "inner"].map((panel) => ({ when: "", panel })) },
      choose: ({ domain }) => (domain === "x" ? { to: "inner", row: 0 } : { to: "first", row: -1 }),
    },
  ];
  const { score } = engineOf({}, { panels });
  const weightSets = [{ name: "even", memberWeights: { a: 1, b: 1 } }];
  const steering = { weights: { "of-a": 1, "of-b": 1 }, mode: "override", alpha: 1 } as const;
  const options = { weightSets, steering, stateVersions: { scales: 1 } };
  const { results } = await score(requestOf([itemOf("i", ["four"])], options), contextOf());
  assert.deepEqual(results[0]!.candidates[0]!.rewards, { even: 4 });
  const typo = requestOf([itemOf("i", ["four"])], { weightSets: [{ name: "w", memberWeights: { a: 1, c: 1 } }] });
  await assert.rejects(score(typo, contextOf()), { message: 'no member "c" that counts; there are: a, b' });
});
