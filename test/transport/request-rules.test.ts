import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Criterion, Item, OffsetUnit } from "../../src/domain/item.ts";
import { DEFAULT_OPTIONS, type ScoreRequest } from "../../src/domain/score.ts";
import { checkScoreRequest, MAX_CRITERIA, MAX_ID_LENGTH, MAX_LABEL_LENGTH, MAX_STEP } from "../../src/transport/request-rules.ts";
import { LIMITS } from "../support/scripted-service.ts";

const item = (over: Partial<Item> = {}): Item => ({
  id: "a",
  prompt: [{ role: "user", content: "hi" }],
  candidates: [{ content: "hello" }],
  ...over,
});
const request = (items: Item[]): ScoreRequest => ({ panel: "chat", items, options: DEFAULT_OPTIONS });
const limits = { ...LIMITS, maxItems: 3, maxCandidates: 5, maxTextLength: 10 };

function refusal(items: Item[], form: "unary" | "stream" = "unary"): [string, string | undefined, number | undefined] | undefined {
  try {
    checkScoreRequest(request(items), limits, form);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return [error.reason, error.details.field, error.details.limit];
  }
}

test("limits hold at −1 and 0 and refuse at +1", () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => item({ id: String(i) }));
  assert.equal(refusal(many(2)), undefined);
  assert.equal(refusal(many(3)), undefined);
  assert.deepEqual(refusal(many(4)), ["TOO_LARGE", "items", 3]);

  const wide = (n: number) => [item({ candidates: Array.from({ length: n }, () => ({ content: "x" })) })];
  assert.equal(refusal(wide(4)), undefined);
  assert.equal(refusal(wide(5)), undefined);
  assert.deepEqual(refusal(wide(6)), ["TOO_LARGE", "items[0].candidates", 5]);

  const long = (n: number) => [item(), item({ id: "b", candidates: [{ content: "x" }, { content: "x".repeat(n) }] })];
  assert.equal(refusal(long(9)), undefined);
  assert.equal(refusal(long(10)), undefined);
  assert.deepEqual(refusal(long(11)), ["TOO_LARGE", "items[1].candidates[1].content", 10]);

  assert.equal(refusal([item({ id: "x".repeat(MAX_ID_LENGTH) })])?.[0], undefined);
  assert.deepEqual(refusal([item({ id: "x".repeat(MAX_ID_LENGTH + 1) })]), ["TOO_LARGE", "items[0].id", MAX_ID_LENGTH]);
});

test("the message of a limit says what helps: to split a request of too much, and to shorten a text or send fewer criteria", () => {
  const criteria = Array.from({ length: MAX_CRITERIA + 1 }, (_, i) => ({ name: String(i), text: "x" }));
  for (const [items, remedy] of [
    [[item(), item({ id: "b" }), item({ id: "c" }), item({ id: "d" })], /; split the request$/],
    [[item({ candidates: [{ content: "x".repeat(11) }] })], /; shorten it$/],
    [[item({ id: "x".repeat(MAX_ID_LENGTH + 1) })], /; shorten it$/],
    [[item({ criteria })], /; send fewer$/],
  ] as const) {
    assert.throws(() => checkScoreRequest(request([...items]), limits, "unary"), { reason: "TOO_LARGE", message: remedy });
  }
});

test("candidates are counted over all items", () => {
  const three = Array.from({ length: 3 }, () => ({ content: "x" }));
  assert.deepEqual(refusal([item({ candidates: three }), item({ id: "b", candidates: three })]), ["TOO_LARGE", "items[1].candidates", 5]);
});

const long = "x".repeat(11);
const criterion = (name: string, over: Partial<Criterion> = {}): Criterion => ({ name, text: "is so", ...over });
const cases: [string, Item[], string, string][] = [
  ["no item", [], "REQUEST_INVALID", "items"],
  ["no candidate", [item({ candidates: [] })], "CANDIDATES_EMPTY", "items[0].candidates"],
  ["no message", [item({ prompt: [] })], "REQUEST_INVALID", "items[0].prompt"],
  ["an empty prompt", [item({ prompt: [{ role: "user", content: "" }] })], "REQUEST_INVALID", "items[0].prompt"],
  ["an empty id", [item({ id: "" })], "REQUEST_INVALID", "items[0].id"],
  ["an id given twice", [item(), item()], "REQUEST_INVALID", "items[1].id"],
  ["a content without parts", [item({ candidates: [{ content: [] }] })], "REQUEST_INVALID", "items[0].candidates[0].content"],
  ["half a pair in a candidate", [item({ candidates: [{ content: "a\ud800" }] })], "REQUEST_INVALID", "items[0].candidates[0].content"],
  [
    "half a pair in a part",
    [
      item({
        candidates: [
          {
            content: [
              { type: "text", text: "ok" },
              { type: "text", text: "\udc00" },
            ],
          },
        ],
      }),
    ],
    "REQUEST_INVALID",
    "items[0].candidates[0].content[1].text",
  ],
  ["half a pair in a prompt", [item({ prompt: [{ role: "user", content: "\ud83d" }] })], "REQUEST_INVALID", "items[0].prompt[0].content"],
  ["half a pair in an id", [item({ id: "\ud83d" })], "REQUEST_INVALID", "items[0].id"],
  ["half a pair in a reference", [item({ reference: "\ud83d" })], "REQUEST_INVALID", "items[0].reference"],
  ["half a pair in metadata", [item({ metadata: { k: "\ud83d" } })], "REQUEST_INVALID", "items[0].metadata"],
  ["a long reference", [item({ reference: long })], "TOO_LARGE", "items[0].reference"],
  ["a long metadata value", [item({ metadata: { k: long } })], "TOO_LARGE", "items[0].metadata"],
  ["criteria of one name", [item({ criteria: [criterion("a"), criterion("a")] })], "REQUEST_INVALID", "items[0].criteria[1].name"],
  ["a criterion without a name", [item({ criteria: [criterion("")] })], "REQUEST_INVALID", "items[0].criteria[0].name"],
  ["a criterion without words", [item({ criteria: [criterion("a", { text: " " })] })], "REQUEST_INVALID", "items[0].criteria[0].text"],
  ["a long criterion", [item({ criteria: [criterion("a", { text: long })] })], "TOO_LARGE", "items[0].criteria[0].text"],
  [
    "half a pair in a criterion",
    [item({ criteria: [criterion("a", { text: "\ud83d" })] })],
    "REQUEST_INVALID",
    "items[0].criteria[0].text",
  ],
  [
    "a criterion that weighs nothing",
    [item({ criteria: [criterion("a", { weight: 0 })] })],
    "REQUEST_INVALID",
    "items[0].criteria[0].weight",
  ],
  [
    "a dependency that is not there",
    [item({ criteria: [criterion("a"), criterion("b", { dependsOn: ["c"] })] })],
    "REQUEST_INVALID",
    "items[0].criteria[1].dependsOn",
  ],
  [
    "a circle of dependencies",
    [item({ criteria: [criterion("a"), criterion("b", { dependsOn: ["a", "c"] }), criterion("c", { dependsOn: ["b"] })] })],
    "REQUEST_INVALID",
    "items[0].criteria[1].dependsOn",
  ],
  [
    "a criterion that depends on itself",
    [item({ criteria: [criterion("a", { dependsOn: ["a"] })] })],
    "REQUEST_INVALID",
    "items[0].criteria[0].dependsOn",
  ],
  [
    "criteria without end",
    [item({ criteria: Array.from({ length: MAX_CRITERIA + 1 }, (_, i) => criterion(String(i))) })],
    "TOO_LARGE",
    "items[0].criteria",
  ],
  [
    "a long address",
    [item({ candidates: [{ content: [{ type: "image", url: long }] }] })],
    "TOO_LARGE",
    "items[0].candidates[0].content[0].image_url.url",
  ],
];
for (const [name, items, reason, field] of cases) {
  test(`${name} is refused at ${field}`, () => {
    assert.deepEqual(refusal(items)?.slice(0, 2), [reason, field]);
  });
}

test("criteria may depend on each other in any order without a circle, as many as there may be", () => {
  const chain = Array.from({ length: MAX_CRITERIA }, (_, i) =>
    criterion(String(i), i + 1 < MAX_CRITERIA ? { dependsOn: [String(i + 1)] } : {}),
  );
  assert.equal(refusal([item({ criteria: chain })]), undefined);
});

test("an empty candidate is legal", () => {
  assert.equal(refusal([item({ candidates: [{ content: "" }] })]), undefined);
});

test("paths of a stream start with item", () => {
  assert.deepEqual(refusal([item({ candidates: [] })], "stream")?.slice(0, 2), ["CANDIDATES_EMPTY", "item.candidates"]);
});

test("a panel needs a name", () => {
  assert.throws(
    () => checkScoreRequest({ ...request([item()]), panel: "" }, limits, "unary"),
    (error) => error instanceof GatewayError && error.details.field === "panel",
  );
});

const training: [string, Partial<ScoreRequest>, string, string][] = [
  ["an empty run", { run: "" }, "REQUEST_INVALID", "run"],
  ["a run with a line break", { run: "a\nb" }, "REQUEST_INVALID", "run"],
  ["half a pair in a run", { run: "\ud83d" }, "REQUEST_INVALID", "run"],
  ["a long run", { run: "x".repeat(MAX_LABEL_LENGTH + 1) }, "TOO_LARGE", "run"],
  ["an empty policyVersion", { policyVersion: "" }, "REQUEST_INVALID", "policyVersion"],
  ["a long policyVersion", { policyVersion: "x".repeat(MAX_LABEL_LENGTH + 1) }, "TOO_LARGE", "policyVersion"],
  ["a negative step", { step: -1 }, "REQUEST_INVALID", "step"],
  ["half a step", { step: 0.5 }, "REQUEST_INVALID", "step"],
  ["a step past the wires' last", { step: MAX_STEP + 1 }, "REQUEST_INVALID", "step"],
];
for (const [name, fields, reason, field] of training) {
  test(`${name} is refused at ${field}`, () => {
    assert.throws(
      () => checkScoreRequest({ ...request([item()]), ...fields }, limits, "unary"),
      (error) => error instanceof GatewayError && error.reason === reason && error.details.field === field,
    );
  });
}

test("a run, a step and a policyVersion may be as long and as large as the wires carry", () => {
  const label = "x".repeat(MAX_LABEL_LENGTH);
  for (const step of [0, MAX_STEP]) checkScoreRequest({ ...request([item()]), run: label, step, policyVersion: label }, limits, "unary");
});

test("no message quotes the request", () => {
  try {
    checkScoreRequest(request([item({ candidates: [{ content: "topsecrettext" }] })]), limits, "unary");
    assert.fail("accepted");
  } catch (error) {
    assert.doesNotMatch((error as Error).message, /topsecret/);
  }
});

test("offsets are places of the text, in the unit that they name", () => {
  const refused = (unit: OffsetUnit, stepEnds: number[], tokenEnds: number[] = []) =>
    refusal([item({ candidates: [{ content: "a🙂b", offsets: { unit, stepEnds, tokenEnds } }] })]);
  const steps = ["REQUEST_INVALID", "items[0].candidates[0].offsets.stepEnds", undefined];
  const tokens = ["REQUEST_INVALID", "items[0].candidates[0].offsets.tokenEnds", undefined];
  assert.equal(refused("codePoint", [1, 3], [0, 1, 1, 3, 3]), undefined);
  assert.equal(refused("utf16", [1, 4], [0, 1, 3, 4, 4]), undefined);
  for (const ends of [[0], [1, 1], [2, 1], [4], [1.5], [Number.NaN]]) assert.deepEqual(refused("codePoint", ends), steps);
  for (const ends of [[2, 1], [4], [-1], [0.5]]) assert.deepEqual(refused("codePoint", [], ends), tokens);
  assert.deepEqual(refused("utf16", [2]), steps, "within the pair of the emoji");
  assert.deepEqual(refused("utf16", [5]), steps);
  const parts = [
    { type: "text" as const, text: "ab" },
    { type: "text" as const, text: "c" },
  ];
  const offsets = { unit: "utf16" as const, stepEnds: [3], tokenEnds: [] };
  assert.equal(refusal([item({ candidates: [{ content: parts, offsets }] })]), undefined);
});
