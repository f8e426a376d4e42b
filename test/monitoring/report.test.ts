import assert from "node:assert/strict";
import { test } from "node:test";
import type { Observation, ObservedPanel, RunQuery } from "../../src/domain/run.ts";
import { disagreement } from "../../src/reward/aggregation/disagreement.ts";
import { moments } from "../../src/reward/moments.ts";
import { quantile } from "../../src/reward/numerics.ts";
import { openRuns, randomOf } from "../support/run-stream.ts";

const PANEL: ObservedPanel = {
  name: "chat",
  revision: "sha256:aa",
  space: "logit",
  members: [
    { member: "help", judge: "reward-model", standing: "counts", space: "logit", objectives: ["clear", "kind"] },
    { member: "rule", judge: "rule", standing: "shadow", space: "unit", objectives: [] },
  ],
};

const { normal, uniform } = randomOf(4);
const observations = Array.from({ length: 40 }, (_, i): Observation => {
  const scores = Array.from({ length: 4 }, normal);
  const fired = i % 4 === 0 ? [1, 1, 1, 1] : scores.map(() => (uniform() > 0.5 ? 1 : 0));
  const item = {
    id: `i${i}`,
    domain: i % 2 === 0 ? "code" : "chat",
    lengths: [10, 20, 30, 40],
    rewards: scores.map((score, c) => (i === 0 && c === 0 ? null : score)),
    satisfied: scores.map((score, c) => (i === 0 && c === 0 ? null : score > -1 ? 1 : 0)),
    members: [
      { scores, tokens: 100, gating: Float64Array.of(0.25, 0.75) },
      { scores: i === 1 ? [null, null, null, null] : fired, tokens: 0 },
    ],
  };
  return { run: "r", step: 10 + i, policyVersion: i < 10 ? "old" : "new", requestId: `q${i}`, panel: PANEL, items: [item] };
});

function rowsFor(query: RunQuery) {
  const { runs } = openRuns({ passThresholds: { rule: 0.9 } });
  for (const observation of observations) runs.observe(observation);
  return runs.report("r", query).rows;
}

test("a row holds the statistics of every score in its window", () => {
  const [reward, help, rule] = rowsFor({ groupBy: ["judge"] });
  const rewards = observations.flatMap(({ items }) => items[0]!.rewards.filter((each) => each !== null));
  const { mean, std } = moments(rewards, 1);
  assert.ok(Math.abs(reward!.mean - mean) < 1e-12 && Math.abs(reward!.std - std) < 1e-12);
  for (const [name, q] of [
    ["q05", 0.05],
    ["q25", 0.25],
    ["q50", 0.5],
    ["q75", 0.75],
    ["q95", 0.95],
  ] as const) {
    assert.equal(reward!.quantiles[name], quantile(rewards, q));
  }
  assert.equal(reward!.passRate, rewards.filter((each) => each > 0).length / rewards.length);
  assert.deepEqual([reward!.items, reward!.scores, reward!.groups, reward!.zeroVarianceShare], [40, 159, 40, 0]);
  assert.deepEqual([reward!.firstStep, reward!.lastStep, reward!.member, reward!.meanTokens], [10, 49, undefined, undefined]);

  assert.deepEqual([help!.member, help!.judge, help!.standing, help!.meanTokens], ["help", "reward-model", "counts", 25]);
  assert.deepEqual(help!.gating, { clear: 0.25, kind: 0.75 });

  const fired = observations.flatMap(({ items }) => items[0]!.members[1]!.scores.filter((each) => each !== null));
  assert.deepEqual([rule!.items, rule!.passThreshold], [39, 0.9]);
  assert.equal(rule!.passRate, fired.filter((each) => each > 0.9).length / fired.length);
  const groups = observations.filter((_, i) => i !== 1).map(({ items }) => items[0]!.members[1]!.scores);
  const still = groups.filter((group) => group.every((each) => each === group[0])).length;
  assert.ok(still >= 10);
  assert.equal(rule!.zeroVarianceShare, still / 39);

  const satisfied = observations.flatMap(({ items }) => items[0]!.satisfied!.filter((each) => each !== null));
  const satisfiedRate = satisfied.filter((each) => each === 1).length / satisfied.length;
  assert.ok(satisfiedRate < 1 && Math.abs(reward!.satisfiedRate! - satisfiedRate) < 1e-12 && help!.satisfiedRate === undefined);

  const conflicts = observations
    .filter((_, i) => i !== 1)
    .map(({ items }) =>
      disagreement(
        items[0]!.members.map(({ scores }) => scores),
        1,
      ),
    );
  const rate = conflicts.reduce((total, each) => total + each.pairConflictRate, 0) / conflicts.length;
  assert.ok(Math.abs(reward!.disagreement!.pairConflictRate! - rate) < 1e-12);
});

test("rows are told apart by what the query names and by nothing else", () => {
  const namesOf = (query: RunQuery) => rowsFor(query).map(({ domain, member, policyVersion }) => [domain, member, policyVersion].join());
  assert.deepEqual(namesOf({ groupBy: [] }), [",,"]);
  assert.deepEqual(namesOf({}), [",,", ",help,", ",rule,", "chat,,", "chat,help,", "chat,rule,", "code,,", "code,help,", "code,rule,"]);
  assert.deepEqual(namesOf({ groupBy: ["policyVersion"] }), [",,old", ",,new"]);
  assert.deepEqual(namesOf({ domain: "code", groupBy: [] }), ["code,,"]);
  assert.deepEqual(namesOf({ judge: "reward-model", groupBy: [] }), [",help,"]);
  assert.deepEqual(namesOf({ judge: "rule", domain: "chat" }), ["chat,rule,"]);
  assert.deepEqual(namesOf({ panel: "other" }), []);
  assert.deepEqual(
    rowsFor({ groupBy: ["policyVersion"] }).map(({ items }) => items),
    [10, 30],
  );
});

test("drift is told once there is a baseline, against that baseline", () => {
  const { runs } = openRuns({ windowItems: 100 });
  const feed = (from: number, to: number, gating: Float64Array) => {
    for (let i = from; i < to; i++) {
      const score = normal() + (i >= 100 ? 2 : 0);
      const members = [
        { scores: [score], tokens: 1, gating },
        { scores: [i % 2], tokens: 1 },
      ];
      const item = { id: `${i}`, lengths: [1], rewards: [score], members };
      runs.observe({ run: "r", requestId: `${i}`, panel: PANEL, items: [item] });
    }
    return runs.report("r", { groupBy: ["judge"] }).rows;
  };
  assert.equal(feed(0, 99, Float64Array.of(0.5, 0.5))[0]!.drift, undefined);
  const [still] = feed(99, 100, Float64Array.of(0.5, 0.5));
  assert.deepEqual([still!.drift!.psi, still!.drift!.ks, still!.drift!.baseline.source], [0, 0, "first_window"]);
  const [moved, help] = feed(100, 700, Float64Array.of(1, 0));
  assert.ok(Math.abs(moved!.drift!.meanShift! - 2) < 0.5 && moved!.drift!.psi > 1 && moved!.drift!.ksP < 1e-6);
  assert.ok(help!.gatingDrift! > 0.2, `${help!.gatingDrift}`);
  assert.ok(moved!.disagreement!.spread! > 0 && moved!.disagreement!.ratio! > 0);
});
