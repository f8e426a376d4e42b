import assert from "node:assert/strict";
import test from "node:test";
import type { CallResult } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { JudgeSpec } from "../../src/domain/judge.ts";
import { similarity } from "../../src/judges/similarity.ts";

const spec: JudgeSpec = {
  name: "near",
  revision: "r1",
  backend: "words",
  template: "{% for m in messages %}{{ m.content }}{% endfor %}",
  overlong: "error",
  space: "native",
  determinism: { class: "bitwise" },
};
const own = { outputs: { embeddings: "vectors" }, dimensions: 2 };
const judge = similarity.create(spec, similarity.params.parse(own));
const prompt = [{ role: "user" as const, content: "How many?" }];
const item = { id: "i", prompt, reference: "three of them", candidates: [{ content: "three" }, { content: "four" }] };
const answer = (tokens: number, vectors: number[]): CallResult => ({ tokens, outputs: { vectors: Float32Array.from(vectors) } });
const decode = (...results: CallResult[]) => judge.decode(judge.encode(item)[0]!, results, item);
const throwsReason = (run: () => unknown, reason: string) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason);
const REFERENCE = answer(3, [1, 0, 0, 1, 0.8, 0.6]);

test("encode(item) asks for the candidate and for the reference, the latter once for all, and shows neither the prompt", () => {
  const [first, second] = judge.encode(item);
  assert.deepEqual(first!.candidates, [0]);
  assert.deepEqual(
    first!.calls.map((call) => call.type === "forward" && call.segments),
    [[{ text: "three", origin: "candidate" }], [{ text: "three of them", origin: "candidate" }]],
  );
  assert.equal(first!.calls[1], second!.calls[1]);
});

test("decode(ask, results) scores the worked example of best-match similarity, whatever stands on the padding", () => {
  for (const padding of [[], [0, 0], [9, 9]]) {
    const [score] = decode(answer(2, [1, 0, 0.6, 0.8, ...padding]), REFERENCE);
    assert.ok(score?.outcome === "scored" && Math.abs(score.value - 0.95) < 1e-6);
    const found = Object.fromEntries(score.findings!.map(({ name, value }) => [name, value!]));
    assert.ok(Math.abs(found.precision! - 0.98) < 1e-6 && Math.abs(found.recall! - 0.92) < 1e-6);
  }
});

test("`measure: f1` gives the harmonic mean in its place", () => {
  const harmonic = similarity.create(spec, similarity.params.parse({ ...own, measure: "f1" }));
  const [score] = harmonic.decode(harmonic.encode(item)[0]!, [answer(2, [1, 0, 0.6, 0.8]), REFERENCE], item);
  assert.ok(score?.outcome === "scored" && Math.abs(score.value - 0.949053) < 1e-6);
});

test("a blank candidate is not asked about and scores 0", () => {
  const blank = { ...item, candidates: [{ content: " \n" }] };
  const [ask] = judge.encode(blank);
  assert.deepEqual(ask!.calls, []);
  assert.deepEqual(judge.decode(ask!, [], blank), [{ outcome: "scored", value: 0 }]);
});

test("notApplicable(item) refuses an item without a reference and a candidate with an image, and takes a prompt with one", () => {
  const image = [{ type: "image" as const, url: "data:," }];
  assert.equal(judge.notApplicable(item), undefined);
  assert.equal(judge.notApplicable({ ...item, prompt: [{ role: "user", content: image }] }), undefined);
  assert.match(judge.notApplicable({ ...item, candidates: [{ content: image }] })!, /type image/);
  for (const reference of ["", "  "]) assert.match(judge.notApplicable({ ...item, reference })!, /no reference/);
});

test("decode(ask, results) rejects a vector of zeros, numbers that are not finite, and a tensor that is missing, short or uneven", () => {
  throwsReason(() => decode(answer(2, [1, 0, 0, 0]), REFERENCE), "JUDGE_OUTPUT_UNREADABLE");
  throwsReason(() => decode(answer(1, [1, 0]), answer(1, [0, 0])), "JUDGE_OUTPUT_UNREADABLE");
  throwsReason(() => decode(answer(1, [Number.NaN, 0]), REFERENCE), "SCORE_NOT_FINITE");
  throwsReason(() => decode(answer(1, [1, Number.POSITIVE_INFINITY]), REFERENCE), "SCORE_NOT_FINITE");
  throwsReason(() => decode(answer(2, [1, 0]), REFERENCE), "JUDGE_OUTPUT_UNREADABLE");
  throwsReason(() => decode(answer(1, [1, 0, 0]), REFERENCE), "JUDGE_OUTPUT_UNREADABLE");
  throwsReason(() => decode({ tokens: 1, outputs: {} }, REFERENCE), "JUDGE_OUTPUT_UNREADABLE");
  throwsReason(() => decode(REFERENCE), "JUDGE_OUTPUT_UNREADABLE");
});

test("create(spec, params) refuses any other space than native", () => {
  throwsReason(() => similarity.create({ ...spec, space: "unit" }, similarity.params.parse(own)), "CONFIG_INVALID");
});
