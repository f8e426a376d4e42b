import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/domain/clock.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Panel, Router } from "../../src/domain/panel.ts";
import type { Observation, ScoreObserver } from "../../src/domain/run.ts";
import { createBatcher } from "../../src/engine/batcher.ts";
import { createScoreCache } from "../../src/engine/cache.ts";
import { createScorer } from "../../src/engine/score.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { contextOf, itemOf, memberOf, panelOf, requestOf, scriptedBackend, scriptedJudge } from "../support/scripted.ts";

const calibration = {
  method: "half",
  spaceIn: "logit",
  spaceOut: "probability",
  revision: "1",
  apply: (score: number) => score / 2,
} as const;
const halved = memberOf(scriptedJudge({}), { calibration, calibratedSpace: calibration.spaceOut });

/** An engine whose one judge scores the length of a text and fails on `bad`, and what its observer heard. */
function observedEngine({ defaultRun, panels = [panelOf([halved])] }: { defaultRun?: string; panels?: (Panel | Router)[] } = {}) {
  const observations: Observation[] = [];
  const raw: [string, number, number][] = [];
  const observer: ScoreObserver = {
    ...(defaultRun !== undefined && { defaultRun }),
    observe: (observation) => void observations.push(observation),
    observeRaw: (...score) => void raw.push(score),
  };
  const metrics = createMetrics({ version: "test", commit: "test" });
  const backend = scriptedBackend({
    beforePrepare: (text) => (text === "bad" ? new GatewayError("ITEM_TOO_LONG", "too long") : undefined),
  });
  const queue = { maxCalls: 1000, maxTextSize: 1e9, maxTokens: 1e9 };
  const score = createScorer({
    panels: new Map(panels.map((panel) => [panel.name, panel])),
    batchers: new Map([["scripted", createBatcher({ backend, queue, clock: systemClock, random: () => 0.5, metrics })]]),
    cache: createScoreCache({ maxBytes: 1e6, maxEntries: 1e3, metrics }),
    clock: systemClock,
    maxRequestMs: 10_000,
    metrics,
    observer,
  });
  return { score, observations, raw };
}

test("the observer hears calibrated scores, rewards and lengths of a request with a run, whatever detail it asks for", async () => {
  const { score, observations, raw } = observedEngine();
  const items = [{ ...itemOf("a", ["four", "bad"]), domain: "code" }, itemOf("b", ["sixsix"])];
  await score({ ...requestOf(items, { detail: "reward" }), run: "r", step: 3, policyVersion: "p" }, contextOf());
  assert.equal(observations.length, 1);
  const { panel, items: heard, ...labels } = observations[0]!;
  assert.deepEqual(labels, { run: "r", step: 3, policyVersion: "p", requestId: "test" });
  assert.deepEqual([panel.name, panel.members[0]!.judge, panel.members[0]!.space], ["panel", "judge", "probability"]);
  assert.deepEqual(heard, [
    { id: "a", domain: "code", lengths: [4, 3], rewards: [2, null], members: [{ scores: [2, null], tokens: 4 }] },
    { id: "b", lengths: [6], rewards: [3], members: [{ scores: [3], tokens: 6 }] },
  ]);
  assert.deepEqual(raw, [
    ["judge", 4, 4],
    ["judge", 6, 6],
  ]);
});

test("an item of a blank domain is heard of as one without", async () => {
  const { score, observations } = observedEngine();
  await score({ ...requestOf([{ ...itemOf("a", ["four"]), domain: "" }]), run: "r" }, contextOf());
  assert.deepEqual(
    observations[0]!.items.map((item) => "domain" in item),
    [false],
  );
});

test("a request without a run is heard of in raw scores only, unless there is a default run", async () => {
  const without = observedEngine();
  await without.score(requestOf([itemOf("a", ["x"])]), contextOf());
  assert.deepEqual([without.observations.length, without.raw.length], [0, 1]);
  const withDefault = observedEngine({ defaultRun: "nightly" });
  await withDefault.score(requestOf([itemOf("a", ["x"])]), contextOf());
  await withDefault.score({ ...requestOf([itemOf("a", ["x"])]), run: "mine" }, contextOf());
  assert.deepEqual(
    withDefault.observations.map(({ run }) => run),
    ["nightly", "mine"],
  );
});

test("each panel that a table leads to is observed by itself, with what its constraints say", async () => {
  const judge = scriptedJudge({});
  const gated = panelOf([memberOf(judge)], {
    name: "gated",
    constraints: {
      readings: [{ ...memberOf(judge), name: "gate", bound: { atLeast: 4 }, notApplicable: "unknown" }],
      rule: {
        revision: "r",
        readsBaselines: false,
        readsKl: false,
        spaceOut: "logit",
        join: (verdicts) => verdicts[0]!,
        apply: ({ rewards, verdicts }) => ({
          rewards: rewards.map((reward, i) => (reward === null ? null : { reward: verdicts[i] === "satisfied" ? reward : null })),
          summary: { positive: [], negative: [] },
        }),
      },
    },
  });
  const plain = panelOf([memberOf(judge, { standing: "audit", weight: 0 }), memberOf(judge, { name: "main" })], {
    name: "plain",
  });
  const table: Router = {
    name: "panel",
    description: "",
    revision: "t",
    rows: [],
    choose: ({ domain }) => (domain === "code" ? { to: "gated", row: 0 } : { to: "plain", row: -1 }),
  };
  const { score, observations, raw } = observedEngine({ panels: [gated, plain, table] });
  const items = [itemOf("a", ["four"]), { ...itemOf("b", ["long text", "not", "bad"]), domain: "code" }, itemOf("c", ["x"])];
  await score({ ...requestOf(items), run: "r" }, contextOf());
  assert.deepEqual(
    observations.map(({ panel, items: heard }) => [panel.name, heard.map(({ id }) => id)]),
    [
      ["plain", ["a", "c"]],
      ["gated", ["b"]],
    ],
  );
  assert.deepEqual(
    observations[0]!.panel.members.map(({ member, judge, standing }) => [member, judge, standing]),
    [
      ["judge", "judge", "audit"],
      ["main", "judge", "counts"],
    ],
  );
  const [item] = observations[1]!.items;
  assert.deepEqual(
    [item!.rewards, item!.satisfied, item!.members[0]!.scores],
    [
      [9, null, null],
      [1, 0, null],
      [9, 3, null],
    ],
  );
  assert.equal(observations[0]!.items[0]!.satisfied, undefined);
  assert.equal(raw.length, 4);
});

test("lengths are the policy's tokens where every candidate of the item tells them", async () => {
  const { score, observations } = observedEngine();
  const told = {
    ...itemOf("a", []),
    candidates: [
      { content: "four", tokens: 1 },
      { content: "sixsix", tokens: 2 },
    ],
  };
  const half = { ...itemOf("b", []), candidates: [{ content: "four", tokens: 1 }, { content: "sixsix" }] };
  await score({ ...requestOf([told, half]), run: "r" }, contextOf());
  assert.deepEqual(
    observations[0]!.items.map(({ lengths }) => lengths),
    [
      [1, 2],
      [4, 6],
    ],
  );
});
