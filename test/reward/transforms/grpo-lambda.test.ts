import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GatewayError } from "../../../src/domain/errors.ts";
import { switchLengthReward } from "../../../src/reward/transforms/grpo-lambda.ts";

const options = { lambda: 0.5, alpha: 0.6, stdFloor: 1e-4, unknown: "mask" } as const;

describe("switchLengthReward(correct, lengths, options)", () => {
  it("rewards brevity of right answers alone: shorter earns more, wrong earns nothing", () => {
    const { rewards, efficiencyGroups } = switchLengthReward(
      [
        [1, 1, 0],
        [1, 0, 0],
      ],
      [
        [10, 90, 1],
        [5, 5, 5],
      ],
      options,
    );
    assert.deepEqual(efficiencyGroups, [0]);
    const [short, long, wrong] = rewards[0]!;
    assert.ok(short! > long! && long! > 0 && wrong === 0);
    assert.deepEqual(rewards[1], [1, 0, 0]);
  });

  it("switches no group that has no right answer, and the first of equals", () => {
    const none = switchLengthReward([[0], [0]], [[1], [1]], { ...options, lambda: 1 });
    assert.deepEqual([none.efficiencyGroups, none.rewards], [[], [[0], [0]]]);
    assert.deepEqual(switchLengthReward([[1], [1]], [[1], [1]], options).efficiencyGroups, [0]);
  });

  it("counts groups without a rounding's help", () => {
    const groups = Array.from({ length: 100 }, () => [1]);
    assert.equal(switchLengthReward(groups, groups, { ...options, lambda: 0.07 }).efficiencyGroups.length, 7);
  });

  it("leaves unknown answers out, or takes them for wrong when told so", () => {
    const masked = switchLengthReward([[1, null]], [[3, null]], options);
    assert.deepEqual([masked.ratio[0], masked.rewards[0]![1]], [1, null]);
    const wrong = switchLengthReward([[1, null]], [[3, null]], { ...options, unknown: "wrong" });
    assert.deepEqual([wrong.ratio[0], wrong.rewards[0]![1]], [0.5, 0]);
    assert.deepEqual(switchLengthReward([[null], [1]], [[1], [1]], options).efficiencyGroups, [1]);
  });

  it("refuses a missing length where it counts, and a correctness that is none", () => {
    const refused = (error: unknown) => error instanceof GatewayError && error.reason === "REQUEST_INVALID";
    assert.throws(() => switchLengthReward([[1]], [[null]], options), refused);
    assert.throws(() => switchLengthReward([[0.5]], [[1]], options), refused);
  });
});
