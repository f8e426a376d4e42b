import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRecord, type ScoreRecord } from "../../../src/cli/score/records.ts";

const prompt = [{ role: "user", content: "Hi" }];
const parse = (row: object) => parseRecord(7, JSON.stringify(row)) as ScoreRecord;
const problemOf = (json: string | undefined) => {
  const record = parseRecord(7, json);
  return "problem" in record ? record.problem : undefined;
};

describe("parseRecord", () => {
  it("reads a pair: chosen first, rejected second", () => {
    const record = parse({ id: "p", prompt, chosen: "yes", rejected: "no", subset: "s", meta: {} });
    assert.deepEqual(record.item, { id: "p", prompt, candidates: [{ content: "yes" }, { content: "no" }] });
    assert.deepEqual(record.labels, { type: "pair" });
  });

  it("reads a ranked group", () => {
    const record = parse({ id: "r", prompt, responses: ["a", "b"], ratings: [1, 0.5] });
    assert.deepEqual(record.candidates, ["a", "b"]);
    assert.deepEqual(record.labels, { type: "ranked", ratings: [1, 0.5] });
  });

  it("reads a rated response", () => {
    const record = parse({ id: "r", prompt, response: "a", ratings: { fluency: 4, relevance: 2 }, raters: 3 });
    assert.deepEqual(record.labels, { type: "rated", ratings: { fluency: 4, relevance: 2 } });
    assert.deepEqual(record.candidates, ["a"]);
  });

  it("reads a verifiable row: the answer is the reference, flags of correctness are ratings", () => {
    const record = parse({ id: "v", prompt, answer: "17", responses: ["A: 17", "A: 3"], meta: { correct: [true, false] } });
    assert.equal(record.item.reference, "17");
    assert.deepEqual(record.labels, { type: "ranked", ratings: [1, 0] });
    assert.deepEqual(parse({ id: "v", prompt, answer: "17", responses: ["x"], meta: { mistake_index: 2 } }).labels, { type: "none" });
  });

  it("reads candidates without labels, as texts or as contents", () => {
    const record = parse({ prompt: "Hi", candidates: ["a", { content: "b" }] });
    assert.deepEqual(record.item, { id: "line-7", prompt, candidates: [{ content: "a" }, { content: "b" }] });
  });

  it("hands the criteria of a row to judges under the rules of requests", () => {
    const row = (criteria: unknown) => parseRecord(1, JSON.stringify({ prompt: "p", chosen: "a", rejected: "b", criteria }));
    const read = row([{ text: "is brief" }, { name: "polite", text: "is polite", hard: true, weight: 2, dependsOn: ["0"] }]);
    assert.ok("item" in read);
    assert.deepEqual(read.item.criteria, [
      { name: "0", text: "is brief" },
      { name: "polite", text: "is polite", hard: true, weight: 2, dependsOn: ["0"] },
    ]);
    const broken = row([{ text: "x", dependsOn: ["nothing"] }]);
    assert.ok("problem" in broken && broken.problem.startsWith("criteria[0].dependsOn"), JSON.stringify(broken));
  });

  it("hands the reference that a row of any schema tells to judges that compare with one", () => {
    const read = parseRecord(1, JSON.stringify({ prompt: "p", chosen: "a", rejected: "b", reference: "c" }));
    assert.ok(!("problem" in read));
    assert.equal(read.item.reference, "c");
  });

  it("scores a row whose reference is blank, which judges take for none as they do over the wires", () => {
    const { item } = parse({ prompt: "p", chosen: "a", rejected: "b", reference: "" });
    assert.deepEqual([item.reference, item.candidates.length], ["", 2]);
  });

  it("knows the language that a row states, or that its subset is called by", () => {
    const languageOf = (more: object) => parse({ prompt: "Hi", chosen: "a", rejected: "b", ...more }).language;
    assert.equal(languageOf({ subset: "en", language: "de", meta: { language: "fr" } }), "de");
    assert.equal(languageOf({ subset: "en", meta: { language: "fr" } }), "fr");
    assert.equal(languageOf({ subset: "zh" }), "zh");
    assert.equal(languageOf({ subset: "lt-en" }), "en", "the language of a translation is its target's");
    for (const subset of ["helpful-base", "qq", "chat-hard", undefined]) assert.equal(languageOf({ subset, language: 3 }), undefined);
  });

  it("hands domain and language, where a row states them, to panels that route by them", () => {
    const { item } = parse({ prompt: "Hi", chosen: "a", rejected: "b", domain: "chat", language: "de", subset: "zh" });
    assert.deepEqual([item.domain, item.language], ["chat", "de"]);
    assert.ok(!("language" in parse({ prompt: "Hi", chosen: "a", rejected: "b", subset: "zh" }).item));
  });

  for (const [what, row, expected] of [
    ["not UTF-8", undefined, /not UTF-8; convert the file/],
    ["not JSON", "{", /not JSON/],
    ["a list", "[]", /not a JSON object/],
    ["no prompt", '{"chosen": "a", "rejected": "b"}', /^prompt: /],
    ["an unknown role", '{"prompt": [{"role": "judge", "content": ""}], "chosen": "a", "rejected": "b"}', /^prompt/],
    ["an unknown schema", '{"prompt": "x", "text": "y"}', /none of the known schemas: .*chosen and rejected/],
    ["ratings of another number than responses", '{"prompt": "x", "responses": ["a"], "ratings": [1, 2]}', /1 responses and 2 ratings/],
    ["a verifiable row without responses", '{"prompt": "x", "answer": "1"}', /has nothing to score/],
    ["no candidates", '{"prompt": "x", "candidates": []}', /^candidates: /],
  ] as const) {
    it(`says why it cannot read a row: ${what}`, () => assert.match(problemOf(row) ?? "", expected));
  }

  it("keeps the text of a row out of what it says", () => {
    for (const json of ['{"prompt": "SECRET", "chosen": 5, "rejected": "SECRET"}', 'SECRET {"a": 1}']) {
      assert.doesNotMatch(problemOf(json) ?? "SECRET", /SECRET/);
    }
  });
});
