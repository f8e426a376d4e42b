import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallResult, LikelihoodCall } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { RawScore } from "../../src/domain/judge.ts";
import { digestAsk } from "../../src/engine/digest.ts";
import { createLikelihoodJudge, likelihoodSchema } from "../../src/judges/likelihood.ts";
import { CHATML_TEMPLATE } from "../support/logprobs-server.ts";

const make = (changes: Record<string, unknown> = {}) =>
  createLikelihoodJudge(
    { name: "answer", revision: "r1", template: CHATML_TEMPLATE },
    likelihoodSchema.parse({
      kind: "likelihood",
      backend: "policy",
      template: { text: CHATML_TEMPLATE },
      lead: "\n\nThe answer is ",
      end: "<|im_end|>",
      ...changes,
    }),
  );
const itemOf = (...candidates: string[]): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "2 + 2?" }],
  candidates: candidates.map((content) => ({ content })),
  reference: " 4\n",
});
const answer = (...logProbabilities: number[]): CallResult => ({
  tokens: 9,
  outputs: { logProbabilities: Float32Array.from(logProbabilities) },
});
const callsOf = (judge: ReturnType<typeof make>, item: Item) =>
  judge.encode(item).flatMap(({ calls }) => calls as readonly LikelihoodCall[]);
const texts = ({ segments }: LikelihoodCall) => segments.map(({ text, origin }) => `${origin}:${text}`);

/** What the judge makes of the candidates, given an answer for each. */
function decoded(judge: ReturnType<typeof make>, item: Item, results: readonly CallResult[]): readonly RawScore[] {
  const asks = judge.encode(item);
  if (asks.length === 1 && asks[0]!.calls.length > 1) return judge.decode(asks[0]!, results, item);
  return asks.flatMap((ask, index) => judge.decode(ask, [results[index]!], item));
}
const value = (score: RawScore | undefined) => (score?.outcome === "scored" ? score.value : score?.outcome);
const near = (actual: unknown, expected: number) =>
  assert.ok(typeof actual === "number" && Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);

describe("a judge of likelihood", () => {
  it("asks how likely the reference and the end are behind the candidate's open turn and the lead", () => {
    const judge = make();
    const [first, second] = judge.encode(itemOf("Two and two.", "Four."));
    assert.deepEqual([first!.candidates, second!.candidates], [[0], [1]]);
    const [call] = first!.calls as readonly LikelihoodCall[];
    assert.deepEqual(texts(call!), [
      "control:<|im_start|>user\n",
      "prompt:2 + 2?",
      "control:<|im_end|>\n<|im_start|>assistant\n",
      "candidate:Two and two.",
      "control:\n\nThe answer is ",
      "prompt:4",
      "control:<|im_end|>",
    ]);
    assert.equal(call!.scoredFrom, 5);
  });

  it("asks for the prompt as the answer to a user who shows the candidate, whatever came before in the conversation", () => {
    const judge = make({ of: "prompt", lead: "\n\nWhat was asked for?", end: "" });
    const item: Item = {
      id: "i",
      prompt: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "A cat\n" },
      ],
      candidates: [{ content: "meow" }],
    };
    assert.equal(judge.notApplicable(item), undefined);
    const [call] = callsOf(judge, item);
    assert.deepEqual(texts(call!), [
      "control:<|im_start|>user\n",
      "candidate:meow",
      "control:\n\nWhat was asked for?",
      "control:<|im_end|>\n<|im_start|>assistant\n",
      "prompt:A cat",
    ]);
    assert.equal(call!.scoredFrom, 4);
  });

  it("reads sum, mean, probability and mean probability of a token, each in its space", () => {
    const tokens = [-0.2, -1.5, -0.05, -0.7];
    const expected = { sum: -2.45, mean: -0.6125, probability: 0.086294, meanTokenProbability: 0.622419 };
    const spaces = { sum: "logProbability", mean: "logProbability", probability: "unit", meanTokenProbability: "unit" };
    for (const [reading, wanted] of Object.entries(expected)) {
      const judge = make({ reading });
      const [score] = decoded(judge, itemOf("x"), [answer(...tokens)]);
      near(value(score), wanted);
      assert.equal(judge.space, spaces[reading as keyof typeof spaces]);
      assert.deepEqual(score?.outcome === "scored" && score.findings?.map(({ name }) => name), ["log-probability", "tokens"]);
      assert.equal(score?.outcome === "scored" && score.findings?.[1]?.value, 4);
    }
  });

  it("reads what a candidate adds to the log of the mean probability of its group", () => {
    const judge = make({ reading: "gain" });
    const scores = decoded(judge, itemOf("a", "b", "c"), [answer(-3), answer(-1), answer(-2)]);
    for (const [index, without] of [-1.379885, -2.379885, -1.566219].entries()) near(value(scores[index]), -1.691006 - without);
    assert.equal(judge.space, "native");
    assert.equal(value(decoded(judge, itemOf("a"), [answer(-3)])[0]), "abstained");
  });

  it("keeps baselines and failed candidates out of the group of a gain", () => {
    const judge = make({ reading: "gain" });
    const item = itemOf("a", "b", "c", "base");
    const withBaseline = { ...item, baselines: [item.candidates[3]!] };
    const alone = decoded(judge, itemOf("a", "b"), [answer(-3), answer(-1)]);
    const failure = new GatewayError("ITEM_TOO_LONG", "too long");
    const results = [answer(-3), answer(-1), { outputs: {}, tokens: 0, failure }, answer(-2)];
    const scores = decoded(judge, withBaseline, results);
    assert.deepEqual(scores.slice(0, 2).map(value), alone.map(value));
    assert.deepEqual(scores[2], { outcome: "failed", error: failure });
    near(value(scores[3]), Math.log((Math.exp(-3) + Math.exp(-1) + Math.exp(-2)) / 3) - Math.log((Math.exp(-3) + Math.exp(-1)) / 2));
    assert.notEqual(digestAsk(judge.encode(item)[0]!), digestAsk(judge.encode(withBaseline)[0]!));
  });

  it("does not cover an item without a reference, a prompt without words of a user, or content that is no text", () => {
    const { reference: _, ...bare } = itemOf("x");
    assert.match(make().notApplicable(bare)!, /no reference/);
    assert.match(make().notApplicable({ ...bare, reference: " \n" })!, /no reference/);
    assert.equal(make().notApplicable(itemOf("")), undefined);
    assert.match(make({ of: "prompt" }).notApplicable({ ...bare, prompt: [{ role: "user", content: " " }] })!, /no message of the user/);
    assert.match(make({ of: "prompt" }).notApplicable({ ...bare, prompt: [{ role: "system", content: "x" }] })!, /no message of the user/);
    const image = { ...itemOf("x"), candidates: [{ content: [{ type: "image" as const, url: "data:," }] }] };
    assert.match(make().notApplicable(image)!, /image/);
    assert.match(make({ of: "prompt" }).notApplicable(image)!, /image/);
  });

  it("makes no score of an answer without numbers, or with one that is none", () => {
    const refuses = (result: CallResult, reason: string) =>
      assert.throws(
        () => decoded(make(), itemOf("x"), [result]),
        (error) => error instanceof GatewayError && error.reason === reason,
      );
    refuses({ outputs: {}, tokens: 1 }, "JUDGE_OUTPUT_UNREADABLE");
    refuses(answer(), "JUDGE_OUTPUT_UNREADABLE");
    refuses(answer(-1, Number.NaN), "SCORE_NOT_FINITE");
    refuses(answer(-1, Number.NEGATIVE_INFINITY), "SCORE_NOT_FINITE");
    const [failed, scored] = decoded(make({ reading: "gain" }), itemOf("a", "b"), [answer(Number.NaN), answer(-1)]);
    assert.deepEqual([failed?.outcome, scored?.outcome], ["failed", "abstained"]);
  });
});
