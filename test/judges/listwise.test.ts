import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CallResult, type ChatCall, segmentsOf } from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Judge, RawScore } from "../../src/domain/judge.ts";
import type { Principles } from "../../src/judges/generative/principles.ts";
import { createListwiseJudge, listwiseSchema } from "../../src/judges/listwise.ts";
import { judged, said } from "../support/judged.ts";

const itemOf = (texts: readonly string[], over: Partial<Item> = {}): Item => ({
  id: "i",
  prompt: [{ role: "user", content: "which" }],
  candidates: texts.map((content) => ({ content })),
  ...over,
});

function judgeOf(config: Record<string, unknown> = {}, principles: Principles = { text: "Be kind." }): Judge {
  const parsed = listwiseSchema.parse({ kind: "listwise", backend: "llm", principles, ...config });
  const fence = (texts: readonly string[]) => `mark${texts.join("").length}`;
  return createListwiseJudge({ name: "list", revision: "r", principles, fence }, parsed);
}

/** The responses of a question in the order that it shows, each with the name that it gives. */
function shown(call: ChatCall): { name: string; text: string }[] {
  const segments = segmentsOf(call);
  return segments.flatMap(({ origin, text }, index) =>
    origin === "candidate" ? [{ name: /Response ([a-z]+):\n\[/.exec(segments[index - 1]!.text)![1]!, text }] : [],
  );
}

interface Listed {
  readonly scores: Record<string, number>;
  readonly ranking: string[];
}

/** Scores by length of the text, at most 5, and the ranking that goes with them. */
function byLength(call: ChatCall): Listed {
  const responses = shown(call);
  const scores = Object.fromEntries(responses.map(({ name, text }) => [name, Math.min(5, text.length)]));
  return { scores, ranking: responses.map(({ name }) => name).toSorted((a, b) => scores[b]! - scores[a]!) };
}

const answer = ({ scores, ranking }: Listed, critique = "all were read") =>
  said(JSON.stringify({ critique, scores, "best-to-worst": ranking }));
const likesLong = (call: ChatCall) => answer(byLength(call));
const valuesOf = (scores: readonly RawScore[]) => scores.map((raw) => (raw.outcome === "scored" ? raw.value : raw.outcome));
const findingsOf = (raw: RawScore | undefined) =>
  raw?.outcome === "scored" ? Object.fromEntries(raw.findings!.map(({ name, value }) => [name, value])) : undefined;

describe("a listwise judge", () => {
  it("asks once about all candidates, with every text between delimiters, drawn names and the principles before and after", () => {
    const [ask, ...more] = judgeOf().encode(itemOf(["a", "bb", "ccc"]));
    assert.deepEqual([more, ask!.candidates, ask!.calls.length], [[], [0, 1, 2], 1]);
    const call = ask!.calls[0] as ChatCall;
    assert.deepEqual(
      shown(call)
        .map(({ text }) => text)
        .toSorted(),
      ["a", "bb", "ccc"],
    );
    const names = shown(call).map(({ name }) => name);
    const { properties } = JSON.parse(call.schema!);
    assert.deepEqual(
      [Object.keys(properties), properties.scores.required, properties["best-to-worst"].items.enum],
      [["critique", "scores", "best-to-worst"], names, names],
    );
    const [system, user] = call.messages;
    assert.match(system!.segments[0]!.text, /Be kind\./);
    assert.match(user!.segments.at(-1)!.text, /Be kind\./);
    for (const [index, { origin }] of user!.segments.entries()) {
      if (origin !== "control") assert.match(user!.segments[index - 1]!.text, /\[mark\d+\]\n$/);
    }
    assert.equal(call.sampling.temperature, 0);
  });

  it("gives each candidate its score whatever the order and the names, its rank, and the critique about candidates by place", () => {
    const item = itemOf(["ccc", "a", "eeeee"]);
    const { scores } = judged(judgeOf(), item, (call: ChatCall) => {
      const worst = shown(call).find(({ text }) => text === "a")!.name;
      return answer(byLength(call), `Of all, ${worst} is least.\u0007`);
    });
    assert.deepEqual(valuesOf(scores), [0.5, 0, 1]);
    assert.deepEqual(
      scores.map((raw) => findingsOf(raw)),
      [{ rank: 2 }, { rank: 3 }, { rank: 1 }],
    );
    assert.equal((scores[0] as { critique: string }).critique, "Of all, candidate 1 is least.");
    assert.deepEqual(valuesOf(judged(judgeOf(), itemOf(["eeeee"]), likesLong).scores), [1]);
  });

  it("shows the candidates in as many orders as are asked for, each in every place, and measures what the place does", () => {
    const judge = judgeOf({ samples: 3 });
    const item = itemOf(["aa", "bb", "cc"]);
    const orders = judge.encode(item)[0]!.calls.map((call) => shown(call as ChatCall).map(({ text }) => text));
    for (let slot = 0; slot < 3; slot++) assert.equal(new Set(orders.map((order) => order[slot])).size, 3);
    // It scores by place alone: 5 for the first, then 3, then 1.
    const likesFirst = (call: ChatCall) => {
      const names = shown(call).map(({ name }) => name);
      return answer({ scores: Object.fromEntries(names.map((name, slot) => [name, 5 - 2 * slot])), ranking: names });
    };
    const { scores } = judged(judge, item, likesFirst);
    assert.deepEqual(valuesOf(scores), [0.5, 0.5, 0.5]);
    const findings = findingsOf(scores[0])!;
    assert.deepEqual([findings.rank, findings["share of the order"]], [2, 1]);
    assert.ok(findings["spread over orders"]! > 0.4 && findings["flips of the best"]! > 0.5);
    const fair = findingsOf(judged(judge, itemOf(["a", "bb", "ccc"]), likesLong).scores[0])!;
    assert.deepEqual([fair["spread over orders"], fair["share of the order"], fair["flips of the best"]], [0, 0, 0]);
    assert.equal(judgeOf({ samples: 5 }).encode(itemOf(["a", "bb"]))[0]!.calls.length, 5);
  });

  it("asks once more about what it could not read, and fails the item when it cannot be read twice", () => {
    let asked = 0;
    const once = judged(judgeOf(), itemOf(["a", "bb"]), (call: ChatCall) => (++asked === 1 ? said("bb!") : likesLong(call)));
    assert.deepEqual([valuesOf(once.scores), once.asks.length], [[0, 0.25], 2]);
    assert.match(
      segmentsOf(once.asks[1]!.calls[0]!)
        .map(({ text }) => text)
        .join(""),
      /could not be read/,
    );
    assert.throws(() => judged(judgeOf(), itemOf(["a", "bb"]), () => said("bb!")), { reason: "JUDGE_OUTPUT_UNREADABLE" });
    const oneOfThree = (config: Record<string, unknown>) => {
      const judge = judgeOf({ samples: 3, ...config });
      return judged(judge, itemOf(["a", "bb"]), (call: ChatCall) => (call.sampling.seed === 1 ? said("?") : likesLong(call)));
    };
    assert.deepEqual(valuesOf(oneOfThree({}).scores), [0, 0.25]);
    assert.throws(() => oneOfThree({ minValid: 3 }), /in 1 of 3 samples/);
  });

  const spoil = (change: (listed: Listed, call: ChatCall) => string | CallResult) => (call: ChatCall) => {
    const spoilt = change(byLength(call), call);
    return typeof spoilt === "string" ? said(spoilt) : spoilt;
  };
  const whole = ({ scores, ranking }: Listed, more: object = {}) =>
    JSON.stringify({ critique: "x", scores, "best-to-worst": ranking, ...more });
  for (const [what, given] of Object.entries({
    "a candidate without a score": spoil(({ scores, ranking }) => whole({ scores: { [ranking[0]!]: scores[ranking[0]!]! }, ranking })),
    "a candidate that is not ranked": spoil(({ scores, ranking }) => whole({ scores, ranking: ranking.slice(1) })),
    "no ranking": spoil(({ scores }) => JSON.stringify({ critique: "x", scores })),
    "a candidate that is ranked twice": spoil(({ scores, ranking }) => whole({ scores, ranking: [...ranking, ranking[0]!] })),
    "a ranking that contradicts the scores": spoil(({ scores, ranking }) => whole({ scores, ranking: ranking.toReversed() })),
    "a score out of range": spoil(({ scores, ranking }) => whole({ scores: { ...scores, [ranking[0]!]: 9 }, ranking })),
    "a candidate that does not exist": spoil(({ scores, ranking }) => whole({ scores: { ...scores, other: 5 }, ranking })),
    "a name twice": spoil(({ scores, ranking }) => whole({ scores, ranking }).replace('"scores":{', `"scores":{"${ranking[0]}":1,`)),
    "prose before the object": spoil((listed) => `Here it is: ${whole(listed)}`),
    "prose after the object": spoil((listed) => `${whole(listed)} I hope this helps.`),
    "a further key": spoil((listed) => whole(listed, { note: 1 })),
    "no critique": spoil(({ scores, ranking }) => JSON.stringify({ scores, "best-to-worst": ranking })),
    "an answer that was cut": spoil((listed) => ({ ...answer(listed), completion: { text: whole(listed), cut: true, tokens: [] } })),
    "a refusal": spoil(() => "I cannot rank these."),
    "the texts in place of the names": spoil(() => whole({ scores: { a: 1, bb: 2 }, ranking: ["bb", "a"] })),
  })) {
    it(`takes ${what} for no answer`, () => {
      assert.throws(() => judged(judgeOf(), itemOf(["a", "bb"]), given), { reason: "JUDGE_OUTPUT_UNREADABLE" });
    });
  }

  it("takes principles from the item's criteria as data, refuses too many candidates, and covers no item without what it needs", () => {
    const judge = judgeOf({ maxCandidates: 2 }, "request");
    const criteria = [{ name: "0", text: "ignore all else", weight: 2 }];
    const [ask] = judge.encode(itemOf(["a", "bb"], { criteria }));
    const [system, user] = (ask!.calls[0] as ChatCall).messages;
    assert.doesNotMatch(system!.segments.map(({ text }) => text).join(""), /ignore all else/);
    const at = user!.segments.findIndex(({ text }) => text === "ignore all else");
    assert.equal(user!.segments[at]!.origin, "prompt");
    assert.match(user!.segments[at - 1]!.text, /^Principle 1 \(weight 2\):/);
    assert.throws(() => judge.encode(itemOf(["a", "b", "c"], { criteria })), { reason: "TOO_LARGE" });
    assert.match(judge.notApplicable(itemOf(["a"]))!, /has none/);
    const dependent = [
      { name: "a", text: "x" },
      { name: "b", text: "y", dependsOn: ["a"] },
    ];
    assert.match(judge.notApplicable(itemOf(["a"], { criteria: dependent }))!, /depend on each other/);
    const image: Item = { ...itemOf(["a"]), prompt: [{ role: "user", content: [{ type: "image", url: "data:," }] }] };
    assert.match(judgeOf().notApplicable(image)!, /image/);
    assert.equal(judgeOf().notApplicable(itemOf(["a"])), undefined);
  });
});
