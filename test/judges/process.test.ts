import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CallResult, ForwardCall } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Candidate, Item } from "../../src/domain/item.ts";
import type { JudgeSpec, RawScore } from "../../src/domain/judge.ts";
import { digestAsk } from "../../src/engine/digest.ts";
import { process } from "../../src/judges/process.ts";
import { TEMPLATE } from "../support/tokenizer.ts";

const SPEC: JudgeSpec = {
  name: "steps",
  revision: "r1",
  backend: "local",
  template: TEMPLATE,
  overlong: "error",
  space: "unit",
  determinism: { class: "bitwise" },
};
const SETTINGS = { outputs: { steps: "steps" }, marker: "[STEP]", maxSteps: 4, reading: "probability" };
const make = (settings: Record<string, unknown> = {}, spec: Partial<JudgeSpec> = {}) =>
  process.create({ ...SPEC, ...spec }, process.params.parse({ ...SETTINGS, ...settings }));
const itemOf = (...candidates: (string | Candidate)[]): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "2 + 3 + 4?" }],
  candidates: candidates.map((candidate) => (typeof candidate === "string" ? { content: candidate } : candidate)),
});
const answer = (...steps: number[]): CallResult[] => [{ tokens: 9, outputs: { steps: Float32Array.from(steps) } }];

/** What the judge makes of one candidate, given the model's numbers. */
function score(candidate: string | Candidate, numbers: number[], settings: Record<string, unknown> = {}): RawScore & { outcome: "scored" } {
  const judge = make(settings);
  const item = itemOf(candidate);
  const [raw] = judge.decode(judge.encode(item)[0]!, answer(...numbers), item);
  assert.equal(raw?.outcome, "scored");
  return raw as RawScore & { outcome: "scored" };
}

const refuses = (run: () => unknown, reason: string, message = /./) =>
  assert.throws(run, (error) => error instanceof GatewayError && error.reason === reason && message.test(error.message));
const near = (actual: ArrayLike<number> | undefined, expected: number[]) => {
  assert.equal(actual?.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(actual![i]! - value) < 1e-6, `${actual![i]} is not ${value}`);
};
const NOTHING = Number.NaN;

describe("process", () => {
  it("asks once per candidate, with the marker as control text after each step, and keeps what a user typed out of it", () => {
    const [first, second] = make().encode(itemOf("Add [STEP] two.\n\n Then three. \n\n\n\n", "Nine."));
    assert.deepEqual(first!.candidates, [0]);
    const { segments, overlong } = first!.calls[0] as ForwardCall;
    assert.equal(overlong, "error");
    assert.deepEqual(segments, [
      { text: "[CLS][USER]", origin: "control" },
      { text: "2 + 3 + 4?", origin: "prompt" },
      { text: "[SEP]", origin: "control" },
      { text: "Add [STEP] two.", origin: "candidate" },
      { text: "[STEP]", origin: "control" },
      { text: "Then three.", origin: "candidate" },
      { text: "[STEP]", origin: "control" },
      { text: "[SEP]", origin: "control" },
    ]);
    assert.deepEqual(second!.candidates, [1]);
    assert.equal((second!.calls[0] as ForwardCall).segments.filter(({ origin }) => origin === "candidate").length, 1);
  });

  it("drops text of the prompt alone where it may drop any: a step that is not read has no score", () => {
    const [ask] = make({}, { overlong: "truncate" }).encode(itemOf("a"));
    assert.equal((ask!.calls[0] as ForwardCall).overlong, "truncatePrompt");
  });

  it("reads one number per step, shows each with its place, and takes the least as the score", () => {
    const { value, findings, tokenRewards } = score("Add.\n\n Divide. ", [0.75, 0.5, NOTHING, NOTHING]);
    assert.equal(value, 0.5);
    assert.deepEqual(findings, [
      { name: "step 1", value: 0.75, start: 0, end: 4 },
      { name: "step 2", value: 0.5, start: 7, end: 14 },
    ]);
    assert.equal(tokenRewards, undefined);
  });

  it("reads logits as such, and aggregates as it is told, in the space of the aggregation", () => {
    near([score("a\n\nb", [0, Math.log(3), NOTHING], { reading: "logit" }).value], [0.5]);
    const steps = [0.5, 0.25, 1, NOTHING];
    const values = { min: 0.25, product: 0.125, last: 1, mean: 1.75 / 3, max: 1, geometricMean: 0.5 };
    for (const [aggregation, value] of Object.entries(values)) near([score("a\n\nb\n\nc", steps, { aggregation }).value], [value]);
    assert.equal(make({ aggregation: "sumLogit" }, { space: "logit" }).space, "logit");
    assert.equal(make({ aggregation: "sumLogProbability" }, { space: "logProbability" }).space, "logProbability");
    refuses(() => make({ aggregation: "sumLogit" }), "CONFIG_INVALID", /space: logit/);
  });

  it("splits by lines, headings and tags", () => {
    const places = (text: string, steps: object, numbers: number[]) =>
      score(text, numbers, { steps }).findings!.map(({ start, end }) => text.slice(start, end));
    assert.deepEqual(places("a\n\n b", { by: "lines" }, [1, 1]), ["a", "b"]);
    assert.deepEqual(places("Step 1: a\nStep 2: b", { by: "headings", word: "Step" }, [1, 1]), ["a", "b"]);
    assert.deepEqual(places("x<s>a</s><s>b", { by: "tags", open: "<s>", close: "</s>" }, [1, 1]), ["a", "b"]);
  });

  it("takes the request's ends of steps before its own rule, counted in the unit that the request names", () => {
    const offsets = (unit: "codePoint" | "utf16", stepEnds: number[]) => ({
      content: "🙂a\n\nb!",
      offsets: { unit, stepEnds, tokenEnds: [] },
    });
    const placesOf = (raw: RawScore & { outcome: "scored" }) => raw.findings!.map(({ start, end }) => [start, end]);
    const expected = [
      [0, 3],
      [3, 6],
    ];
    assert.deepEqual(placesOf(score(offsets("utf16", [3, 6]), [1, 1])), expected);
    assert.deepEqual(placesOf(score(offsets("codePoint", [2, 5]), [1, 1], { steps: { by: "offsets" } })), expected);
    const judge = make({ steps: { by: "offsets" } });
    const item = itemOf("a\n\nb", { content: "ab", offsets: { unit: "utf16", stepEnds: [1], tokenEnds: [] } });
    const asks = judge.encode(item);
    assert.deepEqual(
      asks.map(({ calls }) => calls.length),
      [0, 1],
    );
    refuses(() => judge.decode(asks[0]!, [], item), "REQUEST_INVALID", /stepEnds/);
    const blank = itemOf({ content: "a  b", offsets: { unit: "utf16", stepEnds: [1, 3, 4], tokenEnds: [] } });
    refuses(() => make().decode(make().encode(blank)[0]!, [], blank), "REQUEST_INVALID", /white space/);
  });

  it("places shaped rewards on the request's tokens", () => {
    // Tokens: a beginning of sequence, "Add", ".", the blank line with "Di", "vide", an end of sequence.
    const content = "Add.\n\nDivide";
    const candidate: Candidate = { content, offsets: { unit: "codePoint", stepEnds: [], tokenEnds: [0, 3, 4, 8, 12, 12] } };
    const steps = [0.75, 0.5, NOTHING, NOTHING];
    near(score(candidate, steps).tokenRewards, [0, 0, 0.75, 0, 0.5, 0]);
    near(score(candidate, steps, { placement: "uniform" }).tokenRewards, [0.25, 0.25, 0.25, 0.25, 0.25, 0]);
    near(score(candidate, steps, { shaping: { by: "delta" } }).tokenRewards, [0, 0, 0.25, 0, 0.5, 0]);
    near(score(candidate, steps, { shaping: { by: "clip", eta: 0.625 } }).tokenRewards, [0, 0, 0, 0, -0.125, 0]);
    const both = score(candidate, steps, { shaping: { by: "clipDelta", eta: 0.625 } });
    near(both.tokenRewards, [0, 0, 0.125, 0, -0.125, 0]);
    assert.equal(both.value, 0.5, "the score of the candidate comes from the probabilities");
    assert.deepEqual(
      both.findings!.map(({ name, value }) => [name, value]),
      [
        ["step 1", 0.75],
        ["reward 1", 0.125],
        ["step 2", 0.5],
        ["reward 2", -0.125],
      ],
    );
    const outside = { ...candidate, offsets: { unit: "utf16" as const, stepEnds: [], tokenEnds: [0, 0] } };
    refuses(() => score(outside, steps), "REQUEST_INVALID", /no token holds a character/);
  });

  it("keeps apart in the cache what differs in places or tokens alone", () => {
    const digests = [
      itemOf("a\n\nb"),
      itemOf("a\n\n\nb"),
      itemOf({ content: "a\n\nb", offsets: { unit: "utf16", stepEnds: [], tokenEnds: [1, 4] } }),
      itemOf({ content: "a\n\nb", offsets: { unit: "utf16", stepEnds: [], tokenEnds: [2, 4] } }),
    ].map((item) => digestAsk(make().encode(item)[0]!));
    assert.equal(new Set(digests).size, 4);
    assert.equal(digestAsk(make().encode(itemOf("a\n\nb"))[0]!), digests[0]);
  });

  it("refuses a candidate of more steps than it reads, and abstains on a blank one, asking nothing for either", () => {
    const judge = make();
    const item = itemOf("a\n\nb\n\nc\n\nd\n\ne", " \n", "a\n\nb\n\nc\n\nd");
    const asks = judge.encode(item);
    assert.deepEqual(
      asks.map(({ calls }) => calls.length),
      [0, 0, 1],
    );
    refuses(() => judge.decode(asks[0]!, [], item), "ITEM_TOO_LONG", /5 steps and the judge reads 4/);
    assert.equal(judge.decode(asks[1]!, [], item)[0]!.outcome, "abstained");
  });

  it("refuses an answer with fewer or more numbers than steps, no numbers, or no probabilities", () => {
    refuses(() => score("a\n\nb", [0.5]), "JUDGE_OUTPUT_UNREADABLE", /1 numbers for 2 steps/);
    refuses(() => score("a\n\nb", [0.5, 0.5, 0.5, NOTHING]), "JUDGE_OUTPUT_UNREADABLE", /markers that the judge did not set/);
    refuses(() => score("a\n\nb", [0.5, NOTHING, NOTHING]), "SCORE_NOT_FINITE");
    refuses(() => score("a", [1.5, NOTHING]), "JUDGE_OUTPUT_UNREADABLE", /leaves \[0, 1\]/);
    refuses(() => score("a", [-0.5, NOTHING]), "JUDGE_OUTPUT_UNREADABLE", /leaves \[0, 1\]/);
    assert.equal(score("a", [0, NOTHING]).value, 0);
    const item = itemOf("a");
    refuses(() => make().decode(make().encode(item)[0]!, [{ tokens: 1, outputs: {} }], item), "JUDGE_OUTPUT_UNREADABLE", /no output/);
  });

  it("does not cover an item with an image, and refuses settings that it does not know", () => {
    const item = itemOf({ content: [{ type: "image", url: "data:," }] });
    assert.match(make().notApplicable(item)!, /image/);
    for (const settings of [{ steps: { by: "words" } }, { maxSteps: 0 }, { shaping: { by: "clip" } }, { extra: 1 }]) {
      assert.equal(process.params.safeParse({ ...SETTINGS, ...settings }).success, false);
    }
  });
});
