import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GroupRewards } from "../../../src/domain/advantage.ts";
import { ADVANTAGE_KINDS } from "../../../src/reward/index.ts";
import { vectors } from "../../support/vectors.ts";

function estimatorOf(method: string, params: object = {}) {
  const kind = ADVANTAGE_KINDS.find((each) => each.method === method)!;
  return kind.create(kind.params.parse(params), "r");
}
function groupOf(rewards: (number | null)[], more: Partial<GroupRewards> = {}): GroupRewards {
  return { rewards, components: rewards.map((reward) => [reward]), weights: [1], lengths: rewards.map(() => null), ...more };
}
function near(actual: readonly (number | null)[], expected: readonly (number | null)[], tolerance = 1e-6): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of expected.entries()) {
    if (value === null) assert.equal(actual[i], null);
    else assert.ok(Math.abs(actual[i]! - value) <= tolerance, `${actual[i]} is not ${value}`);
  }
}

describe("estimators of advantages", () => {
  it("grpo standardises within the item under the convention that is named", () => {
    const [trl] = estimatorOf("grpo").estimate([groupOf([1, 2, 3, null])]);
    near(trl!.advantages, [-1 / 1.0001, 0, 1 / 1.0001, null]);
    assert.deepEqual([trl!.mean, trl!.std, trl!.zeroVariance], [2, 1, false]);
    const [lone] = estimatorOf("grpo", { convention: "verl" }).estimate([groupOf([0.7])]);
    near(lone!.advantages, [0.7]);
    const own = { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore" };
    near(estimatorOf("grpo", { convention: own }).estimate([groupOf([0, 2])])[0]!.advantages, [-1, 1]);
  });

  it("says of a group of equal rewards that it teaches nothing", () => {
    const [flat] = estimatorOf("grpo").estimate([groupOf([0.5, 0.5])]);
    assert.deepEqual([...flat!.advantages], [0, 0]);
    assert.equal(flat!.zeroVariance, true);
  });

  it("says so too where a member that has no weight, or that said nothing of the item, is the only one to differ", () => {
    const own = { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore" };
    const batch = { mean: 0, std: 1 };
    for (const [method, params] of [
      ["mrn", { convention: own }],
      ["gdpo", { convention: own, batch }],
    ] as const) {
      const flat = (components: (number | null)[][], weights: number[]) => {
        const [group] = estimatorOf(method, params).estimate([groupOf([1, 1], { components, weights })]);
        return [group!.zeroVariance, ...group!.advantages];
      };
      assert.deepEqual(
        flat(
          [
            [1, null],
            [1, null],
          ],
          [1, 1],
        ),
        [true, 0, 0],
        method,
      );
      assert.deepEqual(
        flat(
          [
            [1, 3],
            [1, 4],
          ],
          [1, 0],
        ),
        [true, 0, 0],
        method,
      );
      assert.deepEqual(
        flat(
          [
            [1, 3],
            [1, 4],
          ],
          [1, 1],
        ).slice(0, 1),
        [false],
        method,
      );
      const [none] = estimatorOf(method, params).estimate([groupOf([null, null], { components: [[null], [null]] })]);
      assert.deepEqual([none!.zeroVariance, ...none!.advantages], [false, null, null], method);
    }
  });

  it("mrn and gdpo leave a missing score out of a member's statistics, and take it for 0 only where a convention says so", () => {
    const components = [[-5], [-7], [null]];
    for (const method of ["mrn", "gdpo"]) {
      const [own] = estimatorOf(method).estimate([groupOf([-5, -7, null], { components })]);
      near(own!.advantages, [1 / (Math.SQRT2 + 1e-4), -1 / (Math.SQRT2 + 1e-4), null]);
      const [zeros] = estimatorOf(method, { convention: "gdpo" }).estimate([groupOf([-5, -7, null], { components })]);
      assert.ok(zeros!.advantages[0]! < 0, method);
      const told = (convention?: string) => estimatorOf(method, convention === undefined ? {} : { convention }).missingIsZero;
      assert.deepEqual([told(), told("gdpo"), told("verl")], [false, true, false]);
    }
  });

  it("mrn and gdpo give a lone candidate its scores as they are where a convention says so, and a lone score of a member nothing", () => {
    const components = [
      [1, -40],
      [3, null],
    ];
    const size = Math.SQRT2 + 1e-6;
    for (const [method, params] of [
      ["mrn", {}],
      ["gdpo", { batch: { mean: 0, std: 1 } }],
    ] as const) {
      const estimator = estimatorOf(method, { convention: "verl", ...params });
      const of = (rewards: number[], more: object) => estimator.estimate([groupOf(rewards, { weights: [1, 1], ...more })])[0]!.advantages;
      near(of([1, 3], { components }), [-1 / size, 1 / size], 1e-5);
      near(of([1], { components: [[1, -40]] }), [-39], 1e-3);
    }
  });

  it("rloo, drGrpo and opo take their baselines from the others, the mean and the lengths", () => {
    near(estimatorOf("rloo").estimate([groupOf([1, 0, 2])])[0]!.advantages, [0, -1.5, 1.5]);
    near(estimatorOf("drGrpo").estimate([groupOf([1, 3])])[0]!.advantages, [-1, 1]);
    near(estimatorOf("opo").estimate([groupOf([1, 0], { lengths: [1, 3] })])[0]!.advantages, [0.75, -0.25]);
    assert.equal(estimatorOf("opo").readsLengths, true);
  });

  it("say whether they run over one group or the whole request, which a stream cannot give, and whether they read lengths", () => {
    const facts = (method: string, params: object = {}) => {
      const { scope, readsLengths } = estimatorOf(method, params);
      return [scope, readsLengths];
    };
    for (const method of ["grpo", "drGrpo", "rloo", "mrn"]) assert.deepEqual(facts(method), ["group", false], method);
    assert.deepEqual(facts("opo"), ["group", true]);
    assert.deepEqual(facts("batchStd"), ["batch", false]);
    assert.deepEqual(facts("gdpo"), ["batch", false]);
    assert.deepEqual(facts("gdpo", { batch: { mean: 0, std: 1 } }), ["group", false]);
  });

  it("batchStd divides by the deviation of the whole request", () => {
    const own = { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "ignore" };
    const estimator = estimatorOf("batchStd", { convention: own });
    assert.equal(estimator.scope, "batch");
    const [a, b] = estimator.estimate([groupOf([0, 2]), groupOf([4, 4])]);
    const std = Math.sqrt((2.5 ** 2 + 0.5 ** 2 + 1.5 ** 2 + 1.5 ** 2) / 4);
    near(a!.advantages, [-1 / std, 1 / std]);
    near(b!.advantages, [0, 0]);
  });

  it("gdpo gives the worked vectors, with each member's standardised scores beside the sum", () => {
    for (const { input, params, expected, case: name } of vectors("adv.gdpo")) {
      const groups = (input.rewards as number[][][]).map((group) =>
        groupOf(
          group.map(() => 0),
          { components: group, weights: params.weights },
        ),
      );
      const convention = { epsilon: params.eps, epsilonIn: "std", ddof: params.ddof, single: "zero", missing: "zero" };
      const results = estimatorOf("gdpo", { convention }).estimate(groups);
      for (const [g, values] of (expected.adv as number[][]).entries()) {
        near(results[g]!.advantages, values);
        const sums = results[g]!.components!.map((row) => row.reduce<number>((sum, value, k) => sum + value! * params.weights[k], 0));
        near(sums, expected.pre_bn[g]);
      }
      assert.equal(results.length, groups.length, name);
    }
  });

  it("mrn keeps a member with a large scale from drowning another", () => {
    const group = groupOf([1001, 1, 1000], {
      components: [
        [1000, 1],
        [0, 1],
        [1000, 0],
      ],
      weights: [1, 1],
    });
    const [result] = estimatorOf("mrn").estimate([group]);
    assert.ok(result!.advantages[0]! > result!.advantages[2]! + 1);
    const [first, second] = [0, 1].map((member) => result!.components!.map((row) => row[member]!));
    near([first!.reduce((sum, value) => sum + value, 0), second!.reduce((sum, value) => sum + value, 0)], [0, 0]);
  });
});
