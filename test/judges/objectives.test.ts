import assert from "node:assert/strict";
import test from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import type { JudgeSpec } from "../../src/domain/judge.ts";
import { objectives } from "../../src/judges/objectives.ts";
import { gatedSum } from "../../src/reward/gating.ts";
import { TEMPLATE } from "../support/tokenizer.ts";
import { vectors } from "../support/vectors.ts";

const spec: JudgeSpec = {
  name: "chat-objectives",
  revision: "r1",
  backend: "trunk",
  template: TEMPLATE,
  overlong: "error",
  space: "native",
  determinism: { class: "bitwise" },
};
const item = { id: "i", prompt: [{ role: "user" as const, content: "hi" }], candidates: [{ content: "hello" }] };

function judgeOf(penalties: readonly number[], verbosityIndex: number | undefined) {
  const named = penalties.map((penalty, index) => ({ name: `objective-${index}`, penalty }));
  const verbosity = verbosityIndex === undefined ? {} : { verbosity: `objective-${verbosityIndex}` };
  return objectives.create(spec, objectives.params.parse({ outputs: { objectives: "o", gating: "g" }, objectives: named, ...verbosity }));
}

function decode(judge: ReturnType<typeof judgeOf>, rewards: readonly number[], gating: readonly number[]) {
  const outputs = { o: Float32Array.from(rewards), g: Float32Array.from(gating) };
  const [score] = judge.decode(judge.encode(item)[0]!, [{ outputs, tokens: 4 }], item);
  assert.equal(score?.outcome, "scored");
  return score;
}

test("decode(ask, results) gives the gated sum of the reference vectors", () => {
  for (const { input, params, expected } of vectors("armorm.score")) {
    const score = decode(judgeOf(input.penalties, params.verbosity_dim), input.rewards, input.gating);
    // Inputs pass through float32 here, as they do when a model gives them.
    assert.ok(Math.abs(score.value - expected.score) < 2e-6, `${score.value}`);
  }
});

test("decode(ask, results) reports objectives and gating in order, as they came", () => {
  const score = decode(judgeOf([0.5, 0], 1), [1.5, -2], [0.25, 0.75]);
  assert.deepEqual(score, {
    outcome: "scored",
    value: 0.25 * (1.5 + 1) + 0.75 * -2,
    objectives: Float64Array.of(1.5, -2),
    gating: Float64Array.of(0.25, 0.75),
  });
});

test("decode(ask, results) without a verbosity objective is the plain weighted sum", () => {
  const judge = judgeOf([0, 0], undefined);
  assert.equal(judge.gated?.verbosityIndex, -1);
  assert.equal(decode(judge, [2, 4], [0.5, 0.5]).value, 3);
});

test("decode(ask, results) rejects a tensor of another length", () => {
  const judge = judgeOf([0, 0], undefined);
  for (const [rewards, gating] of [
    [[1], [0.5, 0.5]],
    [
      [1, 2],
      [1, 0, 0],
    ],
  ] as const) {
    assert.throws(
      () => decode(judge, rewards, gating),
      (error) => error instanceof GatewayError && error.reason === "JUDGE_OUTPUT_UNREADABLE",
    );
  }
});

test("decode(ask, results) rejects the whole record when one number is not finite, whatever its weight", () => {
  const judge = judgeOf([0, 0], undefined);
  for (const [rewards, gating] of [
    [
      [1, Number.NaN],
      [1, 0],
    ],
    [
      [1, Number.POSITIVE_INFINITY],
      [1, 0],
    ],
    [
      [1, 2],
      [Number.NaN, 1],
    ],
  ] as const) {
    assert.throws(
      () => decode(judge, rewards, gating),
      (error) => error instanceof GatewayError && error.reason === "SCORE_NOT_FINITE",
    );
  }
});

test("params refuses what cannot be meant", () => {
  const valid = { outputs: { objectives: "o", gating: "g" }, objectives: [{ name: "a" }, { name: "b" }] };
  assert.equal(objectives.params.safeParse(valid).success, true);
  const refused = {
    "two objectives of one name": { ...valid, objectives: [{ name: "a" }, { name: "a" }] },
    "a verbosity objective that is not listed": { ...valid, verbosity: "c" },
    "a penalty without a verbosity objective": { ...valid, objectives: [{ name: "a", penalty: 0.1 }] },
    "a penalty that is not finite": { ...valid, verbosity: "a", objectives: [{ name: "a", penalty: Number.POSITIVE_INFINITY }] },
    "no objectives": { ...valid, objectives: [] },
    "an unknown key": { ...valid, gate: "g" },
  };
  for (const [what, params] of Object.entries(refused)) assert.equal(objectives.params.safeParse(params).success, false, what);
});

test("decode(ask, results) gives the very sum that a panel explains by its terms, with and without verbosity", () => {
  const rewards = [0.7, -1.25, 3.5, 0.125];
  const gating = [0.5, 0.25, 0.125, 0.125];
  for (const verbosityIndex of [3, undefined]) {
    const judge = judgeOf(verbosityIndex === undefined ? [0, 0, 0, 0] : [0.1, 0.5, 0, 1], verbosityIndex);
    const score = decode(judge, rewards, gating);
    const explained = gatedSum(score.objectives!, score.gating!, judge.gated!);
    assert.ok(Math.abs(score.value - explained.value) < 1e-12);
  }
});
