import assert from "node:assert/strict";
import test from "node:test";
import type { CallResult } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { JudgeSpec } from "../../src/domain/judge.ts";
import { scalar } from "../../src/judges/scalar.ts";
import { TEMPLATE } from "../support/tokenizer.ts";

const spec: JudgeSpec = {
  name: "chat-reward",
  revision: "r1",
  backend: "trunk",
  template: TEMPLATE,
  overlong: "error",
  space: "logit",
  determinism: { class: "tolerance", bound: 1e-5 },
};
const judge = scalar.create(spec, scalar.params.parse({ outputs: { score: "reward" } }));
const item = { id: "i", prompt: [{ role: "user" as const, content: "hi" }], candidates: [{ content: "hello" }] };
const answer = (outputs: Record<string, number[]>): CallResult[] => [
  { tokens: 4, outputs: Object.fromEntries(Object.entries(outputs).map(([name, values]) => [name, Float32Array.from(values)])) },
];
const decode = (outputs: Record<string, number[]>) => judge.decode(judge.encode(item)[0]!, answer(outputs), item);
const throwsReason = (outputs: Record<string, number[]>, reason: string) =>
  assert.throws(
    () => decode(outputs),
    (error) => error instanceof GatewayError && error.reason === reason,
  );

test("create(spec, params) takes its facts from the spec", () => {
  const { name, kind, revision, backend, space, determinism, gated } = judge;
  assert.deepEqual(
    { name, kind, revision, backend, space, determinism, gated },
    {
      name: "chat-reward",
      kind: "scalar",
      revision: "r1",
      backend: "trunk",
      space: "logit",
      determinism: { class: "tolerance", bound: 1e-5 },
      gated: undefined,
    },
  );
});

test("decode(ask, results) reads the one number of the named output", () => {
  assert.deepEqual(decode({ reward: [-1.5], objectives: [1, 2] }), [{ outcome: "scored", value: -1.5 }]);
});

test("decode(ask, results) rejects a missing output and one of two numbers", () => {
  throwsReason({ score: [1] }, "JUDGE_OUTPUT_UNREADABLE");
  throwsReason({ reward: [1, 2] }, "JUDGE_OUTPUT_UNREADABLE");
  throwsReason({ reward: [] }, "JUDGE_OUTPUT_UNREADABLE");
});

test("decode(ask, results) rejects NaN and infinities", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    throwsReason({ reward: [value] }, "SCORE_NOT_FINITE");
});

test("params refuses unknown keys", () => {
  assert.equal(scalar.params.safeParse({ outputs: { score: "reward", extra: "x" } }).success, false);
  assert.equal(scalar.params.safeParse({ outputs: { score: "reward" }, objectives: [] }).success, false);
});
