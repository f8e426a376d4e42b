import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { CallResult, ForwardCall } from "../../src/domain/backend.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Item } from "../../src/domain/item.ts";
import type { JudgeSpec, RawScore } from "../../src/domain/judge.ts";
import { digestAsk } from "../../src/engine/digest.ts";
import { multiResponse } from "../../src/judges/multi-response.ts";
import { TEMPLATE } from "../support/tokenizer.ts";

const spec: JudgeSpec = {
  name: "chat-group",
  revision: "r1",
  backend: "group",
  template: TEMPLATE,
  overlong: "truncate",
  space: "logit",
  determinism: { class: "tolerance", bound: 1e-5 },
};
const MOST = 4;
const own = { outputs: { scores: "scores" }, most: MOST, company: "seen", beyond: "chunk" };
const judgeOf = (more: Record<string, unknown> = {}, template = TEMPLATE) =>
  multiResponse.create({ ...spec, template }, multiResponse.params.parse({ ...own, ...more }));
const itemOf = (...texts: string[]): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "hi" }],
  candidates: texts.map((content) => ({ content })),
});
const withBaselines = (item: Item, ...texts: string[]): Item => {
  const baselines = texts.map((content) => ({ content }));
  return { ...item, candidates: [...item.candidates, ...baselines], baselines };
};

const textsOf = (call: ForwardCall) => call.segments.filter(({ origin }) => origin === "candidate").map(({ text }) => text);
/** A model whose score is the number that a candidate says, less 10 for every −1 in its company. */
const answer = (call: ForwardCall): CallResult => {
  const texts = textsOf(call);
  const scores = new Float32Array(MOST).fill(Number.NaN);
  const shift = texts.filter((text) => text === "-1").length * 10;
  for (const [slot, text] of texts.entries()) scores[slot] = Number(text) - shift;
  return { outputs: { scores }, tokens: texts.length };
};
const judged = (item: Item, judge = judgeOf()): readonly RawScore[] => {
  const [ask, ...more] = judge.encode(item);
  assert.equal(more.length, 0);
  return judge.decode(ask!, (ask!.calls as ForwardCall[]).map(answer), item);
};
const values = (scores: readonly RawScore[]) => scores.map((score) => (score.outcome === "scored" ? score.value : undefined));
const throwsReason = (make: () => unknown, reason: string, message?: RegExp) =>
  assert.throws(make, (error) => error instanceof GatewayError && error.reason === reason && (message?.test(error.message) ?? true));

describe("encode(item)", () => {
  it("asks once for all candidates: the prompt, then each with what the template writes after it", () => {
    const [ask] = judgeOf().encode(itemOf("1", "2"));
    assert.deepEqual(ask, {
      candidates: [0, 1],
      calls: [
        {
          type: "forward",
          overlong: "truncate",
          segments: [
            { text: "[CLS][USER]", origin: "control" },
            { text: "hi", origin: "prompt" },
            { text: "[SEP]", origin: "control" },
            { text: "1", origin: "candidate" },
            { text: "[SEP]", origin: "control" },
            { text: "2", origin: "candidate" },
            { text: "[SEP]", origin: "control" },
          ],
        },
      ],
    });
  });

  it("never gives two groups one digest: an answer is kept for a group and not for a candidate", () => {
    const digest = (item: Item, judge = judgeOf()) => digestAsk(judge.encode(item)[0]!);
    const groups = [itemOf("1"), itemOf("2"), itemOf("1", "2"), itemOf("2", "1"), itemOf("1", "2", "2"), itemOf("12"), itemOf("1[SEP]2")];
    assert.equal(new Set(groups.map((item) => digest(item))).size, groups.length);
    assert.equal(digest(itemOf("1", "2")), digest(itemOf("1", "2")));
    // The same five texts in the same two passes: a group of five, and a group of four beside a baseline.
    for (const company of ["seen", "unseen"]) {
      const judge = judgeOf({ company });
      const [group, beside] = [itemOf("1", "2", "3", "4", "5"), withBaselines(itemOf("1", "2", "3", "4"), "5")];
      assert.equal(judge.encode(group)[0]!.calls.length, judge.encode(beside)[0]!.calls.length);
      assert.notEqual(digest(group, judge), digest(beside, judge));
    }
    assert.notEqual(digest(itemOf("1", "2"), judgeOf({ orders: 2 })), digest(itemOf("1", "2")));
  });

  it("refuses a larger group where it is told to, not counting baselines that have a pass of their own", () => {
    const judge = judgeOf({ beyond: "refuse" });
    throwsReason(() => judge.encode(itemOf("1", "2", "3", "4", "5")), "ITEM_TOO_LONG", /4 candidates at once and the group has 5/);
    assert.equal(judge.encode(withBaselines(itemOf("1", "2", "3", "4"), "9"))[0]!.calls.length, 2);
  });

  it("says which items it does not cover", () => {
    const image = { ...itemOf("1"), candidates: [{ content: [{ type: "image" as const, url: "data:x" }] }] };
    assert.match(judgeOf().notApplicable(image)!, /type image/);
    assert.equal(judgeOf().notApplicable(itemOf("1")), undefined);
  });
});

describe("decode(ask, results, item)", () => {
  it("gives each candidate its score, and how likely it is the best", () => {
    const scores = judged(itemOf("0", "0", String(Math.log(2))));
    const shares = scores.map((score) => (score.outcome === "scored" ? score.findings : undefined));
    for (const [index, share] of [0.25, 0.25, 0.5].entries()) {
      const [finding, ...more] = shares[index]!;
      assert.equal(finding!.name, "best of the group");
      assert.ok(Math.abs(finding!.value! - share) < 1e-6);
      assert.equal(more.length, 0);
    }
    assert.deepEqual(values(judged(itemOf("7"))), [7]);
  });

  it("joins the passes of a larger group at one level", () => {
    assert.deepEqual(values(judged(itemOf("1", "2", "3", "4", "5", "-1", "7"))), [1, 2, 3, 4, 5, -1, 7]);
  });

  it("keeps candidates as they are beside baselines, brings these to the same level, and counts them in no probability", () => {
    const alone = judged(itemOf("1", "2"));
    const beside = judged(withBaselines(itemOf("1", "2"), "-1", "3"));
    assert.deepEqual(beside.slice(0, 2), alone);
    assert.deepEqual(values(beside).slice(2), [-1, 3]);
    for (const score of beside.slice(2)) assert.deepEqual(score.outcome === "scored" && score.findings, []);
  });

  it("averages over orders and shows how far each score moved", () => {
    const judge = judgeOf({ orders: 2 });
    const item = itemOf("1", "3");
    const [ask] = judge.encode(item);
    const biased = (ask!.calls as ForwardCall[]).map((call) => {
      const result = answer(call);
      result.outputs.scores![0]! += 1;
      return result;
    });
    const scores = judge.decode(ask!, biased, item);
    assert.deepEqual(values(scores), [1.5, 3.5]);
    for (const score of scores)
      assert.deepEqual(score.outcome === "scored" && score.findings![1], { name: "spread over orders", value: 1 });
  });

  const item = itemOf("1", "2");
  const read = (scores: number[], name = "scores") =>
    judgeOf().decode(judgeOf().encode(item)[0]!, [{ outputs: { [name]: Float32Array.from(scores) }, tokens: 1 }], item);

  it("refuses an answer without the tensor, of another width, or with another number of candidates than were asked about", () => {
    throwsReason(() => read([1, 2, Number.NaN, Number.NaN], "reward"), "JUDGE_OUTPUT_UNREADABLE", /no output named "scores"/);
    throwsReason(() => read([1, 2]), "JUDGE_OUTPUT_UNREADABLE", /2 numbers where 4/);
    throwsReason(() => read([1, 2, 3, Number.NaN]), "JUDGE_OUTPUT_UNREADABLE", /more scores than the 2/);
    throwsReason(() => read([1, 2, Number.NaN, 3]), "JUDGE_OUTPUT_UNREADABLE");
  });

  it("lets one score that is not finite fail the group", () => {
    throwsReason(() => read([1, Number.NaN, Number.NaN, Number.NaN]), "SCORE_NOT_FINITE");
    throwsReason(() => read([Number.NEGATIVE_INFINITY, 1, Number.NaN, Number.NaN]), "SCORE_NOT_FINITE");
  });
});

test("params refuses anchors that leave a pass no room, and orders where the order changes nothing", () => {
  const refused = (more: Record<string, unknown>) => multiResponse.params.safeParse({ ...own, ...more }).error?.issues[0]?.path.join(".");
  assert.equal(refused({ anchors: 4 }), "anchors");
  assert.equal(refused({ company: "unseen", orders: 2 }), "orders");
  assert.equal(refused({ most: 1 }), "most");
  assert.equal(refused({ beyond: undefined }), "beyond");
  assert.equal(refused({ marker: "x" }), "");
  assert.equal(refused({}), undefined);
});

test("create(spec, params) refuses a template that leaves no place to read a score at", () => {
  throwsReason(
    () => judgeOf({}, "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"),
    "CONFIG_INVALID",
    /nothing after the candidate/,
  );
});
