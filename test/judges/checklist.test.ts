import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallResult, type ChatCall, segmentsOf } from "../../src/domain/backend.ts";
import type { Item } from "../../src/domain/item.ts";
import type { Ask, Judge, RawScore } from "../../src/domain/judge.ts";
import { type ChecklistItem, checklistFileSchema, checklistSchema, createChecklistJudge, itemsOf } from "../../src/judges/checklist.ts";
import { judged, said } from "../support/judged.ts";

const ITEMS: readonly ChecklistItem[] = [
  { name: "searched", text: "The assistant searched for flights.", weight: 1 },
  { name: "booked", text: "The assistant booked a flight that the search had found.", weight: 2, dependsOn: ["searched"] },
  { name: "calm", text: "The assistant does not shout.", weight: 1, cite: false },
];
const ITEM: Item = {
  id: "i",
  prompt: [
    { role: "user", content: "Book me a flight to Oslo." },
    { role: "assistant", content: "search(flights, Oslo)" },
    { role: "tool", content: "SK 1472 at nine" },
  ],
  candidates: [{ content: "I have booked  SK 1472\nfor you." }, { content: "There is none." }],
};
/** Delimiters that say how many texts they stand around. */
const FENCE = (texts: readonly string[]) => `${String(texts.length).padStart(6, "0")}`;

function judgeOf(config: Record<string, unknown> = {}, items: readonly ChecklistItem[] | undefined = ITEMS): Judge {
  const parsed = checklistSchema.parse({ kind: "checklist", backend: "llm", checklist: "request", minEvidence: 8, ...config });
  return createChecklistJudge({ name: "list", revision: "r", items, fence: FENCE }, parsed);
}

type Given = readonly [quote: string, passed: boolean];
/** An answer about a part with so many texts: searched, booked, calm. */
const answered = (texts: number, searched: Given, booked: Given, calm: Given = ["no capitals", true]) => {
  const label = (k: number) => `c${k}_${FENCE(Array(texts).fill(""))}`;
  const member = ([words, passed]: Given, key: string) => ({ [key]: words, passed });
  return said(
    JSON.stringify({ [label(1)]: member(searched, "quote"), [label(2)]: member(booked, "quote"), [label(3)]: member(calm, "reason") }),
  );
};
const SEARCHED: Given = ["search(flights, Oslo)", true];
const BOOKED: Given = ["booked SK 1472 for you", true];
const NOT: Given = ["", false];

const callsOf = (ask: Ask) => ask.calls as readonly ChatCall[];
const textOfCall = (call: ChatCall) =>
  segmentsOf(call)
    .map(({ text }) => text)
    .join("");
function decodeTwice(judge: Judge, results: readonly CallResult[], again: readonly CallResult[], item = ITEM): RawScore {
  const [ask] = judge.encode(item);
  const further = judge.followUp!(ask!, results, item);
  return (further === undefined ? judge.decode(ask!, results, item) : judge.decode(further, again, item))[0]!;
}

test("it asks about the last turn, with what is judged apart from what came before, and the checklist before and after", () => {
  const item: Item = { ...ITEM, prompt: [{ role: "user", content: "Hi." }, { role: "assistant", content: "Hello." }, ...ITEM.prompt] };
  const asks = judgeOf().encode(item);
  assert.deepEqual(
    asks.map(({ candidates, calls }) => [candidates, calls.length]),
    [
      [[0], 1],
      [[1], 1],
    ],
  );
  const [call] = callsOf(asks[0]!);
  const text = textOfCall(call!);
  assert.match(text, /Before, message of the assistant:\n\[000006\]\nHello\.\n\[\/000006\]/);
  assert.match(text, /To judge, message of the tool:\n\[000006\]\nSK 1472 at nine\n/);
  assert.equal(text.split("c2_000006: The assistant booked a flight").length, 3);
  assert.deepEqual(JSON.parse(call!.schema!).properties.c3_000006.required, ["reason", "passed"]);
  assert.deepEqual(
    segmentsOf(call!).flatMap(({ origin, text: own }) => (origin === "candidate" ? [own] : [])),
    ["I have booked  SK 1472\nfor you."],
  );
});

test("a candidate with more steps than the judge goes through fails alone", () => {
  const item: Item = { ...ITEM, prompt: [], candidates: [{ content: "1\n2\n3" }, { content: "1\n2" }] };
  const judge = judgeOf({ scope: "step", steps: { by: "lines" }, maxParts: 2 });
  const [long, short] = judge.encode(item);
  assert.equal(short!.calls.length, 2);
  assert.deepEqual(long!.calls, []);
  assert.throws(() => judge.followUp!(long!, [], item), { reason: "ITEM_TOO_LONG" });
});

test("an item passes by a quotation that occurs, from the candidate with its place and from a tool or an earlier message without", () => {
  const score = decodeTwice(judgeOf(), [answered(4, SEARCHED, BOOKED)], []);
  assert.deepEqual(score, {
    outcome: "scored",
    value: 1,
    findings: [
      { name: "searched", value: 1, text: "search(flights, Oslo)" },
      { name: "booked", value: 1, text: "booked  SK 1472\nfor you", start: 7, end: 30 },
      { name: "calm", value: 1, text: "no capitals" },
    ],
  });
  const text = ITEM.candidates[0]!.content as string;
  assert.equal(text.slice(7, 30), "booked  SK 1472\nfor you");
});

test("an item that passes by an invented, a shortened or a question's quotation is asked for again and then left out, and not believed", () => {
  for (const invented of ["I booked the flight, yes", "SK", "", "Book me a flight to Oslo."]) {
    const judge = judgeOf();
    const results = [answered(4, SEARCHED, [invented, true])];
    const [ask] = judge.encode(ITEM);
    const further = judge.followUp!(ask!, results, ITEM)!;
    assert.match(textOfCall(callsOf(further)[0]!), /Quote nothing that is not there/);
    const [repaired] = judge.decode(further, [answered(4, SEARCHED, BOOKED)], ITEM);
    assert.ok(repaired?.outcome === "scored" && repaired.value === 1);
    const [left] = judge.decode(further, results, ITEM);
    assert.ok(left?.outcome === "scored");
    assert.deepEqual(left.findings![1], { name: "booked", text: "not believed: what it quotes does not occur" });
    assert.throws(() => decodeTwice(judgeOf({ minCoverage: 0.75 }), results, results), { reason: "JUDGE_OUTPUT_UNREADABLE" });
  }
});

test("what depends on an item that did not pass is skipped, whatever the judge says of it", () => {
  const score = decodeTwice(judgeOf(), [answered(4, NOT, BOOKED)], []);
  assert.ok(score.outcome === "scored");
  assert.deepEqual([score.value, score.findings![1]], [0.25, { name: "booked", value: 0, text: "skipped: it depends on searched" }]);
});

test("without an item that must pass all is worth 0", () => {
  const items = ITEMS.map((item) => ({ ...item, hard: item.name === "calm" }));
  const score = decodeTwice(judgeOf({}, items), [answered(4, SEARCHED, BOOKED, ["LOUD", false])], []);
  assert.ok(score.outcome === "scored" && score.value === 0);
});

test("an item without an answer fails the judgement, unless that is tolerated", () => {
  const partial = said(JSON.stringify({ c1_000004: { quote: SEARCHED[0], passed: true }, c3_000004: { reason: "r", passed: true } }));
  assert.throws(() => decodeTwice(judgeOf(), [partial], [partial]), { reason: "JUDGE_OUTPUT_UNREADABLE", message: /leaves out/ });
  const score = decodeTwice(judgeOf({ tolerate: ["partial"] }), [partial], []);
  assert.ok(score.outcome === "scored");
  assert.deepEqual([score.value, score.findings![1]], [1, { name: "booked", text: "not judged" }]);
});

test("turns before the candidate's are the same question for every candidate", () => {
  const item: Item = { ...ITEM, prompt: [...ITEM.prompt, { role: "assistant", content: "Found." }, { role: "user", content: "Book it." }] };
  const [first, second] = judgeOf({ scope: "trajectory" }).encode(item);
  assert.equal(first!.calls.length, 2);
  assert.deepEqual(first!.calls[0], second!.calls[0]);
  assert.notDeepEqual(first!.calls[1], second!.calls[1]);
  const results = [answered(4, SEARCHED, NOT), answered(6, NOT, NOT)];
  const score = decodeTwice(judgeOf({ scope: "trajectory" }), results, [], item);
  assert.ok(score.outcome === "scored");
  assert.deepEqual([score.value, score.findings!.length], [0.375, 6]);
});

test("step by step, an item is credited once what it depends on passed at an earlier step", () => {
  const judge = judgeOf({ scope: "step" });
  const results = [answered(3, SEARCHED, NOT), answered(4, NOT, BOOKED)];
  const score = decodeTwice(judge, results, []);
  assert.ok(score.outcome === "scored");
  assert.equal(score.value, 1);
  const reversed = decodeTwice(judge, [answered(3, NOT, NOT), answered(4, NOT, BOOKED)], []);
  assert.ok(reversed.outcome === "scored");
  assert.equal(reversed.value, 0.25);
});

test("samples are averaged; only parts that could not be read are asked again", () => {
  const judge = judgeOf({ samples: 2, minValid: 1 });
  const [ask] = judge.encode(ITEM);
  const results = [answered(4, SEARCHED, BOOKED), said("All passed!")];
  const further = judge.followUp!(ask!, results, ITEM)!;
  assert.deepEqual(
    callsOf(further).map(({ sampling }) => sampling.seed),
    [1],
  );
  const [both] = judge.decode(further, [answered(4, SEARCHED, NOT)], ITEM);
  assert.ok(both?.outcome === "scored" && both.value === 0.75);
  const [one] = judge.decode(further, [said("All!")], ITEM);
  assert.ok(one?.outcome === "scored" && one.value === 1);
});

test("each of several samples goes through all parts, and only the part that could not be read is asked again", () => {
  const judge = judgeOf({ scope: "trajectory", samples: 2 });
  const item: Item = { ...ITEM, prompt: [...ITEM.prompt, { role: "assistant", content: "Found." }, { role: "user", content: "Book it." }] };
  const [ask] = judge.encode(item);
  assert.deepEqual(
    callsOf(ask!).map(({ sampling }) => sampling.seed),
    [0, 0, 1, 1],
  );
  const results = [answered(4, SEARCHED, NOT), answered(6, NOT, NOT), answered(4, NOT, NOT, ["LOUD", false]), said("All passed!")];
  const further = judge.followUp!(ask!, results, item)!;
  assert.deepEqual(
    callsOf(further).map(({ sampling }) => sampling.seed),
    [1],
  );
  const [score] = judge.decode(further, [answered(6, NOT, NOT)], item);
  // Turns of the first sample 0.5 and 0.25, of the second 0 and 0.25.
  assert.ok(score?.outcome === "scored" && score.value === 0.25);
});

test("a request's own criteria are data, and what they weigh and depend on is read beside the calls", () => {
  const parsed = checklistSchema.parse({ kind: "checklist", backend: "llm", checklist: "request" });
  const judge = createChecklistJudge({ name: "list", revision: "r", items: undefined, fence: FENCE }, parsed);
  assert.match(judge.notApplicable(ITEM)!, /brings none/);
  const item: Item = { ...ITEM, criteria: [{ name: "searched", text: "It searched.", weight: 2 }] };
  assert.equal(judge.notApplicable(item), undefined);
  const [ask] = judge.encode(item);
  assert.equal(segmentsOf(ask!.calls[0]!).filter(({ origin, text }) => origin === "prompt" && text === "It searched.").length, 2);
  assert.match(ask!.reads!, /"weight":2/);
});

test("a checklist has distinct names and dependencies that lead somewhere and never in a circle", () => {
  const file = { apiVersion: "rewardgate/v1", name: "n", version: 1 };
  const items = (...given: [string, string[]][]) => given.map(([name, dependsOn]) => ({ name, text: "t", dependsOn }));
  assert.deepEqual(itemsOf(checklistFileSchema.parse({ ...file, items: [{ name: "a", text: "t", mustPass: true }] })), [
    { name: "a", text: "t", weight: 1, hard: true, dependsOn: [], cite: true },
  ]);
  assert.ok(checklistFileSchema.safeParse({ ...file, items: items(["a", ["b"]], ["b", []]) }).success);
  for (const wrong of [items(["a", []], ["a", []]), items(["a", ["b"]], ["b", ["a"]]), items(["a", ["a"]]), items(["a", ["c"]]), []]) {
    assert.ok(!checklistFileSchema.safeParse({ ...file, items: wrong }).success);
  }
});

test("samples are drawn until their mean is precise, and the answer says how many and why no more", () => {
  const judge = judgeOf({ samples: { min: 2, max: 6, standardError: 0.1 } });
  const item = { ...ITEM, candidates: ITEM.candidates.slice(0, 1) };
  const { scores, asks } = judged(judge, item, () => answered(4, SEARCHED, BOOKED));
  assert.deepEqual(
    asks.map(({ calls }) => calls.length),
    [2, 1],
  );
  const [score] = scores;
  assert.ok(score?.outcome === "scored");
  const found = score.findings!.slice(-5).map(({ name, value, text }) => [name, value ?? text]);
  assert.deepEqual(found.slice(0, 3), [
    ["samples drawn", 3],
    ["samples read", 3],
    ["chats asked", 3],
  ]);
  assert.deepEqual(found.at(-1), ["stopped", "precise"]);
});
