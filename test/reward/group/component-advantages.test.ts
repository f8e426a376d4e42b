import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { standardiseGroup } from "../../../src/reward/group/advantages.ts";
import { decoupledAdvantages, standardiseThenSum } from "../../../src/reward/group/component-advantages.ts";
import { GROUP_CONVENTIONS } from "../../../src/reward/group/conventions.ts";
import { moments } from "../../../src/reward/moments.ts";
import { close } from "../../support/vectors.ts";

const { trl } = GROUP_CONVENTIONS;
const batch = { ...trl, batch: "batch" } as const;
const candidate = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));
const groups = fc.array(fc.array(candidate, { minLength: 2, maxLength: 6 }), { minLength: 1, maxLength: 4 });

describe("advantages of several rewards", () => {
  it("standardiseThenSum does not change with the unit of a reward, when epsilon is 0", () => {
    const exact = { ...trl, epsilon: 0 };
    fc.assert(
      fc.property(groups, ([group]) => {
        const of = (scale: number) =>
          standardiseThenSum(
            group!.map(([a, b]) => [a, scale * b]),
            [1, 0.5],
            exact,
          ).advantages;
        const [one, thousand] = [of(1), of(1000)];
        assert.ok(one.every((a, i) => close(a, thousand[i]!, 1e-9)));
      }),
    );
  });

  it("standardiseThenSum reports each reward's own advantages, and a constant reward adds nothing", () => {
    const result = standardiseThenSum(
      [
        [1, 5],
        [0, 5],
      ],
      [2, 3],
      trl,
    );
    assert.deepEqual(result.components[0], standardiseGroup([1, 0], trl).advantages);
    assert.deepEqual(
      [[...result.components[1]!], result.zeroStd],
      [
        [0, 0],
        [false, true],
      ],
    );
    assert.equal(result.advantages[0], 2 * result.components[0]![0]!);
  });

  it("a missing reward adds nothing, and a candidate without any is masked", () => {
    const { advantages, masked } = standardiseThenSum(
      [
        [1, null],
        [0, null],
        [null, null],
      ],
      [1, 1],
      trl,
    );
    assert.deepEqual(masked, [false, false, true]);
    assert.deepEqual(advantages, Float64Array.of(...standardiseGroup([1, 0], trl).advantages, 0));
  });

  it("decoupledAdvantages over a batch have mean 0 and a deviation of at most 1, and one reward is left as it is", () => {
    fc.assert(
      fc.property(groups, (rewards) => {
        const { advantages, groups: before } = decoupledAdvantages(rewards, [1, 1], batch);
        const all = advantages.flatMap((group) => [...group]);
        const { mean, std } = moments(all, 1);
        assert.ok(Math.abs(mean) < 1e-9);
        // Less than 1 where sums nearly cancel and epsilon counts.
        assert.ok(std <= 1 + 1e-9);
        const single = decoupledAdvantages(
          rewards.map((group) => group.map(([a]) => [a])),
          [1],
          batch,
        );
        assert.deepEqual(
          single.advantages,
          single.groups.map((group) => group.advantages),
        );
        assert.equal(before.length, rewards.length);
      }),
    );
  });

  it("decoupledAdvantages take the statistics of a larger batch when they are given", () => {
    const rewards = [
      [
        [1, 1],
        [0, 0],
      ],
    ];
    const { advantages, groups: before } = decoupledAdvantages(rewards, [1, 1], { ...trl, epsilon: 0, batch: { mean: 0.5, std: 2 } });
    assert.ok(close(advantages[0]![0]!, (before[0]!.advantages[0]! - 0.5) / 2, 1e-12));
  });
});
