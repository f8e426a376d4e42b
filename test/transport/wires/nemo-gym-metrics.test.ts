import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { aggregateMetrics } from "../../../src/transport/wires/nemo-gym-metrics.ts";

describe("aggregateMetrics(rollouts)", () => {
  const rollouts = [
    { _ng_task_index: 1, _ng_rollout_index: 0, reward: 4, solved: true, note: "text", response: { usage: { total_tokens: 10 } } },
    { _ng_task_index: 0, _ng_rollout_index: 0, reward: 1, solved: false },
    { _ng_task_index: 0, _ng_rollout_index: 1, reward: 2 },
    { _ng_task_index: 0, _ng_rollout_index: 2, reward: 6, solved: true },
    { _ng_task_index: 0, _ng_rollout_index: 3, reward: 0, _ng_failure_class: "judge_failed" },
  ];
  const { group_level_metrics: groups, agent_metrics: agent, key_metrics: key } = aggregateMetrics(rollouts);

  it("describes every number over all rollouts that have it, failures left out", () => {
    // Standard deviation of 1, 2, 4, 6 with ddof 1: squares 5.0625 + 1.5625 + 0.5625 + 7.5625 = 14.75, over 3.
    assert.deepEqual(
      [agent["mean/reward"], agent["max/reward"], agent["min/reward"], agent["median/reward"], agent["mean/solved"]],
      [3.25, 6, 1, 3, 2 / 3],
    );
    assert.ok(Math.abs(agent["std/reward"]! - Math.sqrt(14.75 / 3)) < 1e-12);
    assert.deepEqual([agent["mean/total_tokens"], agent["std/total_tokens"]], [10, 0]);
    assert.deepEqual(
      Object.keys(agent).filter((name) => name.includes("_ng_") || name.includes("note")),
      [],
    );
  });

  it("shows means as headlines and tasks apart, in the order of their index", () => {
    assert.deepEqual(key, { "mean/reward": 3.25, "mean/solved": 2 / 3, "mean/total_tokens": 10 });
    assert.deepEqual(
      groups.map((group) => [group._ng_task_index, group.num_rollouts, (group as Record<string, number>)["median/reward"]]),
      [
        [0, 3, 2],
        [1, 1, 4],
      ],
    );
  });

  it("is empty for no rollouts", () => {
    assert.deepEqual(aggregateMetrics([]), { group_level_metrics: [], agent_metrics: {}, key_metrics: {} });
  });
});
