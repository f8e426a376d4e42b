import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scalariser } from "../../src/config/member.ts";
import type { Judge } from "../../src/domain/judge.ts";
import type { FailurePolicy, Member, Panel } from "../../src/domain/panel.ts";
import type { Judgement } from "../../src/engine/judgement.ts";
import { NOT_ASKED, opennessOf } from "../../src/engine/openness.ts";
import { type RewardOptions, rewardItems } from "../../src/engine/panel-reward.ts";
import { gatedSumKind } from "../../src/reward/aggregation/gated-sum.ts";
import { ADVANTAGE_KINDS, constrainingParams, createConstraining } from "../../src/reward/index.ts";
import { itemOf, memberOf, panelOf, scriptedJudge } from "../support/scripted.ts";

const FULL = { detail: "full", states: new Map() } as const;

/** The candidates of one item, from a row of judgements per judge. */
function rewardGroup(panel: Panel, rows: Judgement[][], options: RewardOptions) {
  return rewardItems(panel, [{ item: itemOf("i", rows[0]!.map(String)), rows }], options)[0]!.candidates;
}

function scored(value: number): Judgement {
  return { outcome: "scored", raw: { outcome: "scored", value }, cached: false, tokens: 1, truncation: undefined };
}
function failed(outcome: "failed" | "abstained" | "not_applicable" = "failed"): Judgement {
  return { outcome, failure: { reason: "BACKEND_UNAVAILABLE", message: "gone", retryable: true } };
}
function members(policy: FailurePolicy, weights: number[], required: number[] = []): Member[] {
  return weights.map((weight, index) =>
    memberOf(scriptedJudge({ name: `j${index}` }), { weight, onFailure: policy, required: required.includes(index) }),
  );
}

test("every subset of five failing judges under every policy gives the reward recomputed by hand, or none", () => {
  const weights = [1, 2, 3, 4, 5];
  const values = [0.5, -1, 2, 4, -3];
  const policies: FailurePolicy[] = [{ policy: "fail" }, { policy: "degrade" }, { policy: "impute", value: 0.25 }];
  for (const policy of policies) {
    const panel = panelOf(members(policy, weights, [4]), { quorum: 2 });
    for (let subset = 0; subset < 32; subset++) {
      const fails = (index: number) => ((subset >> index) & 1) === 1;
      const [result] = rewardGroup(
        panel,
        values.map((value, index) => [fails(index) ? failed() : scored(value)]),
        FULL,
      );
      const own = weights.filter((_, index) => !fails(index)).length;
      const names = weights.flatMap((_, index) => (fails(index) ? [`j${index}`] : []));
      assert.deepEqual(result!.missing, names, `${policy.policy} ${subset}`);
      const mustFail = fails(4) || (subset > 0 && policy.policy === "fail") || (subset > 0 && own < 2);
      assert.equal(result!.status, mustFail ? "failed" : subset === 0 ? "complete" : "degraded", `${policy.policy} ${subset}`);
      if (mustFail) {
        assert.equal("reward" in result!, false);
        assert.ok(result!.failure!.message.length > 0);
        continue;
      }
      const all = weights.reduce((sum, weight) => sum + weight, 0);
      const present = weights.reduce((sum, weight, index) => sum + (fails(index) ? 0 : weight), 0);
      const expected =
        policy.policy === "degrade"
          ? values.reduce((sum, value, index) => sum + (fails(index) ? 0 : (value * weights[index]! * all) / present), 0)
          : values.reduce((sum, value, index) => sum + weights[index]! * (fails(index) ? 0.25 : value), 0);
      assert.ok(Math.abs(result!.reward! - expected) < 1e-9);
      for (const [index, part] of result!.judges.entries()) {
        const weight = policy.policy === "degrade" ? (fails(index) ? 0 : (weights[index]! * all) / present) : weights[index]!;
        assert.ok(Math.abs(part.weight - weight) < 1e-9);
        assert.equal(part.imputed, policy.policy === "impute" && fails(index));
        assert.equal("raw" in part, !fails(index));
      }
    }
  }
});

test("contributions sum to the reward, whatever the scores, weights and gaps", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 10, noNaN: true }), fc.option(fc.double({ min: -50, max: 50, noNaN: true }))), {
        minLength: 1,
        maxLength: 6,
      }),
      (rows) => {
        const panel = panelOf(
          members(
            { policy: "degrade" },
            rows.map(([weight]) => weight),
          ),
        );
        const [result] = rewardGroup(
          panel,
          rows.map(([, value]) => [value === null ? failed() : scored(value)]),
          FULL,
        );
        if (result!.reward === undefined) return;
        const sum = result!.judges.reduce((total, part) => total + (part.contribution ?? 0), 0);
        assert.ok(Math.abs(sum - result!.reward) <= 1e-6 * Math.max(1, Math.abs(sum)));
      },
    ),
  );
});

test("a judge that does not cover an item is left out without degrading it, unless it is required", () => {
  const judgements = [[scored(2)], [failed("not_applicable")]];
  const [lenient] = rewardGroup(panelOf(members({ policy: "fail" }, [1, 1])), judgements, FULL);
  assert.equal(lenient!.status, "complete");
  assert.equal(lenient!.reward, 4);
  assert.deepEqual(
    lenient!.judges.map(({ outcome, weight }) => [outcome, weight]),
    [
      ["scored", 2],
      ["not_applicable", 0],
    ],
  );
  const [strict] = rewardGroup(panelOf(members({ policy: "fail" }, [1, 1], [1])), judgements, FULL);
  assert.equal(strict!.status, "failed");
});

test("when no judge covers an item it fails, and says why", () => {
  const [result] = rewardGroup(
    panelOf(members({ policy: "degrade" }, [1, 1])),
    [[failed("not_applicable")], [failed("not_applicable")]],
    FULL,
  );
  assert.equal(result!.status, "failed");
  assert.match(result!.failure!.message, /no judge of the panel covers this item/);
});

test("weights that are all zero give no reward out of nothing when a judge is missing", () => {
  const [result] = rewardGroup(panelOf(members({ policy: "degrade" }, [1, 0])), [[failed()], [scored(3)]], FULL);
  assert.equal(result!.status, "failed");
});

test("transforms see the scored candidates of the group, in order, and gaps stay gaps", () => {
  const seen: number[][] = [];
  const member: Member = {
    ...memberOf(scriptedJudge({}), { onFailure: { policy: "degrade" } }),
    transforms: [
      {
        name: "centre",
        spaceIn: "logit",
        spaceOut: "logit",
        revision: "1",
        apply(scores) {
          seen.push([...scores]);
          const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
          return scores.map((score) => score - mean);
        },
      },
    ],
  };
  const results = rewardGroup(panelOf([member]), [[scored(1), failed(), scored(5)]], FULL);
  assert.deepEqual(seen, [[1, 5]]);
  assert.deepEqual(
    results.map((result) => result.reward),
    [-2, undefined, 2],
  );
});

test("a calibration, transform or aggregation that gives no finite number fails the candidate", () => {
  const base = memberOf(scriptedJudge({}));
  const space = { spaceIn: "logit", spaceOut: "logit", revision: "1" } as const;
  const overflow = { ...base, calibration: { ...space, method: "x", apply: () => Number.POSITIVE_INFINITY } };
  const nan = { ...base, transforms: [{ ...space, name: "x", apply: (scores: Float64Array) => scores.map(() => Number.NaN) }] };
  const aggregation = {
    method: "x",
    spaceOut: "logit",
    revision: "1",
    weighs: true,
    aggregate: () => [{ reward: Number.NaN, contributions: Float64Array.of(Number.NaN) }],
  } as const;
  for (const panel of [panelOf([overflow]), panelOf([nan]), panelOf([base], { aggregation })]) {
    const [result] = rewardGroup(panel, [[scored(1)]], FULL);
    assert.equal(result!.status, "failed");
    assert.equal(result!.failure!.reason, "SCORE_NOT_FINITE");
    assert.equal(result!.judges[0]!.contribution, undefined);
  }
});

test("detail decides how much is said: reward alone, judges, objectives too", () => {
  const judge = { ...scriptedJudge({}), gated: { objectives: [{ name: "help", penalty: 0 }], verbosityIndex: -1 } };
  const member: Member = { ...memberOf(judge), scalarise: () => ({ value: 2, gating: Float64Array.of(1), terms: Float64Array.of(2) }) };
  const judgement: Judgement = {
    outcome: "scored",
    raw: { outcome: "scored", value: 2, objectives: Float64Array.of(2), gating: Float64Array.of(1) },
    cached: true,
    tokens: 9,
    truncation: { side: "prompt_start", droppedTokens: 3 },
  };
  const answer = (detail: "reward" | "judges" | "full") => rewardGroup(panelOf([member]), [[judgement]], { detail, states: new Map() })[0]!;
  assert.deepEqual(answer("reward"), { status: "complete", reward: 2, missing: [], judges: [] });
  assert.equal(answer("judges").judges[0]!.objectives, undefined);
  assert.deepEqual(answer("full").judges[0], {
    judge: "judge",
    member: "judge",
    shadow: false,
    weight: 1,
    revision: "judge@1+member",
    determinism: "bitwise",
    outcome: "scored",
    raw: 2,
    calibrated: 2,
    transformed: 2,
    contribution: 2,
    objectives: { help: 2 },
    gating: { help: 1 },
    objectiveContributions: { help: 2 },
    cached: true,
    imputed: false,
    tokens: 9,
    truncated: { side: "prompt_start", droppedTokens: 3 },
  });
});

test("a candidate whose gating is all on members that it lacks has no reward, by their failure, and the others of the request have theirs", () => {
  const gate: Judge = {
    ...scriptedJudge({ name: "gate" }),
    gated: { objectives: ["safe", "helpful"].map((name) => ({ name, penalty: 0 })), verbosityIndex: -1 },
  };
  const own = memberOf(gate, { required: true, scalarise: scalariser(gate) });
  const helper = memberOf(scriptedJudge({ name: "helper" }), { onFailure: { policy: "degrade" }, stage: 1 });
  const params = { gatingFrom: "gate", objectives: { gate: ["safe"], helper: ["helpful"] } };
  const facts = [own, helper].map(({ name, judge, required }) => ({ name, counts: true, weight: 1, required, gated: judge.gated }));
  const aggregation = gatedSumKind.create(params, { members: facts, spaceOut: "logit", revision: "r" });
  const panel = panelOf([own, helper], { aggregation });
  const said = (value: number): Judgement => ({
    ...{ outcome: "scored", cached: false, tokens: 1, truncation: undefined },
    raw: { outcome: "scored", value, objectives: Float64Array.of(value, value), gating: Float64Array.of(0.5, 0.5) },
  });
  const steering = { weights: { helpful: 1 }, mode: "override", alpha: 1 } as const;
  const rows = (instead: Judgement) => [
    [said(1), said(2)],
    [instead, scored(7)],
  ];
  for (const [instead, reason] of [
    [failed(), "BACKEND_UNAVAILABLE"],
    [failed("abstained"), "BACKEND_UNAVAILABLE"],
    [failed("not_applicable"), "REQUEST_INVALID"],
  ] as const) {
    const results = rewardGroup(panel, rows(instead), { ...FULL, steering });
    assert.deepEqual(
      results.map(({ status, reward, failure }) => [status, reward, failure?.reason]),
      [
        ["failed", undefined, reason],
        ["complete", 7, undefined],
      ],
    );
  }
  const judged = { item: itemOf("i", ["a", "b"]), rows: rows(NOT_ASKED) };
  assert.deepEqual(opennessOf(panel, { margin: 1 }, judged, { ...FULL, steering }).reasons, ["missing"]);
});

test("a prompt of which the gating leaves nothing to multiply fails its own candidates, and not the request", () => {
  const objectives = ["helpful", "harmless"].map((name) => ({ name, penalty: 0 }));
  const judge: Judge = { ...scriptedJudge({ name: "gate" }), gated: { objectives, verbosityIndex: -1 } };
  const panel = panelOf([memberOf(judge, { scalarise: scalariser(judge) })]);
  const said = (gating: number[]): Judgement => ({
    ...(scored(1) as Judgement & { outcome: "scored" }),
    raw: { outcome: "scored", value: 1, objectives: Float64Array.of(2, 4), gating: Float64Array.from(gating) },
  });
  const items = [
    [1, 0],
    [0, 1],
    [0.5, 0.5],
  ].map((gating, i) => ({ item: itemOf(`i${i}`, ["a"]), rows: [[said(gating)]] }));
  const steering = { weights: { helpful: 1 }, mode: "multiply", alpha: 1 } as const;
  const results = rewardItems(panel, items, { ...FULL, steering }).map(({ candidates }) => candidates[0]!);
  assert.deepEqual(
    results.map(({ status, reward, failure }) => [status, reward, failure?.reason]),
    [
      ["complete", 2, undefined],
      ["failed", undefined, "SCORE_NOT_FINITE"],
      ["complete", 2, undefined],
    ],
  );
  assert.match(results[1]!.failure!.message, /judge "gate" cannot be weighed: the gating of its prompt is 0 on every objective/);
  for (const mode of ["override", "multiply"] as const) {
    const nothing = { weights: { helpful: 0 }, mode, alpha: 1 };
    assert.throws(() => rewardItems(panel, items, { ...FULL, steering: nothing }), { reason: "REQUEST_INVALID" }, mode);
  }
});

test("a number that a policy imputes is a member's score to advantages as well", () => {
  const kind = ADVANTAGE_KINDS.find(({ method }) => method === "mrn")!;
  const own = { epsilon: 0, epsilonIn: "std", ddof: 0, single: "zero", missing: "zero" };
  const advantages = kind.create({ convention: own }, "r");
  const panel = panelOf(members({ policy: "impute", value: -6 }, [1, 1]), { advantages });
  const results = rewardGroup(
    panel,
    [
      [scored(-5), scored(-5), scored(-5)],
      [scored(-4), scored(-2), failed()],
    ],
    FULL,
  );
  const spread = Math.sqrt(8 / 3);
  for (const [i, { status, advantage, judges }] of results.entries()) {
    assert.equal(status, i === 2 ? "degraded" : "complete");
    const expected = [0, 2, -2][i]! / spread;
    assert.ok(Math.abs(advantage! - expected) < 1e-12, `${advantage} is not ${expected}`);
    assert.ok(Math.abs(judges[1]!.advantage! - expected) < 1e-12);
  }
});

test("a member that was not asked does not count against the quorum of a candidate that is vetoed", () => {
  const readings = [{ ...memberOf(scriptedJudge({ name: "gate" })), bound: { atLeast: 1 }, notApplicable: "unknown" }] as const;
  const params = constrainingParams.parse({ violation: { reward: -10 } });
  const rule = createConstraining(params, "logit", "r");
  const panel = panelOf(members({ policy: "degrade" }, [1, 1, 1]), { quorum: 2, constraints: { readings, rule } });
  const rows = (late: Judgement) => [[scored(3)], [failed()], [late], [scored(0)]];
  const results = [NOT_ASKED, scored(2)].map((late) => rewardGroup(panel, rows(late), FULL)[0]!);
  assert.deepEqual(
    results.map(({ status, reward }) => [status, reward]),
    Array(2).fill(["vetoed", -10]),
  );
});

test("a candidate that violates a constraint is vetoed though its members do not suffice for a reward, as those that were not asked or failed", () => {
  const readings = [{ ...memberOf(scriptedJudge({ name: "gate" })), bound: { atLeast: 1 }, notApplicable: "unknown" }] as const;
  for (const [params, expected] of [
    [{}, undefined],
    [{ violation: { reward: -10 } }, -10],
    [{ baseline: 0, reward: "crpg" }, 0],
  ] as const) {
    const rule = createConstraining(constrainingParams.parse(params), "logit", "r");
    const panel = panelOf(members({ policy: "fail" }, [0, 1]), { constraints: { readings, rule } });
    for (const instead of [NOT_ASKED, failed(), failed("abstained"), failed("not_applicable")]) {
      const [vetoed, kept] = rewardGroup(
        panel,
        [
          [scored(3), scored(3)],
          [instead, scored(2)],
          [scored(0), scored(1)],
        ],
        FULL,
      );
      assert.deepEqual([vetoed!.status, vetoed!.reward, kept!.status], ["vetoed", expected, "complete"]);
      assert.equal(vetoed!.constraints!.verdict, "violated");
      assert.equal(
        expected === undefined ? vetoed!.failure!.reason : vetoed!.failure,
        expected === undefined ? "CONSTRAINT_VIOLATED" : undefined,
      );
    }
  }
});

test("a number of a failure policy is no reward where no member with a weight has a score of its own", () => {
  const [idle, weighed] = members({ policy: "impute", value: 0.25 }, [0, 1]);
  const of = (rows: Judgement[][], options: Partial<RewardOptions> = {}) =>
    rewardGroup(panelOf([idle!, weighed!]), rows, { ...FULL, ...options }).map(({ status, reward, rewards, failure }) => [
      status,
      rewards ?? reward,
      failure?.reason,
    ]);
  assert.deepEqual(
    of([
      [scored(3), failed()],
      [failed(), scored(2)],
    ]),
    [
      ["failed", undefined, "BACKEND_UNAVAILABLE"],
      ["degraded", 2, undefined],
    ],
  );
  const weightSets = [{ name: "turned", memberWeights: { j0: 1 } }];
  assert.deepEqual(of([[failed()], [scored(2)]], { weightSets }), [["degraded", {}, undefined]]);
});

test("a prompt whose gating is 0 on what every member receives fails its own candidates, and not the request", () => {
  const objectives = ["safe", "other"].map((name) => ({ name, penalty: 0 }));
  const gate: Judge = { ...scriptedJudge({ name: "gate" }), gated: { objectives, verbosityIndex: -1 } };
  const own = memberOf(gate, { required: true, scalarise: scalariser(gate) });
  const facts = [{ name: "gate", counts: true, weight: 1, required: true, gated: gate.gated }];
  const params = { gatingFrom: "gate", objectives: { gate: ["safe"] } };
  const panel = panelOf([own], { aggregation: gatedSumKind.create(params, { members: facts, spaceOut: "logit", revision: "r" }) });
  const said = (gating: number[]): Judgement => ({
    ...{ outcome: "scored", cached: false, tokens: 1, truncation: undefined },
    raw: { outcome: "scored", value: 7, objectives: Float64Array.of(7, 7), gating: Float64Array.from(gating) },
  });
  const items = [
    [0, 1],
    [1, 0],
  ].map((gating, i) => ({ item: itemOf(`i${i}`, ["a"]), rows: [[said(gating)]] }));
  const results = rewardItems(panel, items, FULL).map(({ candidates }) => candidates[0]!);
  assert.deepEqual(
    results.map(({ status, reward, failure }) => [status, reward, failure?.reason]),
    [
      ["failed", undefined, "REQUEST_INVALID"],
      ["complete", 7, undefined],
    ],
  );
  assert.match(results[0]!.failure!.message, /the gating of the prompt leaves no member of the panel with a weight/);
});
