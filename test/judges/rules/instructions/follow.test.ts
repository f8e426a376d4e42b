import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { followed, readInstructions } from "../../../../src/judges/rules/instructions/follow.ts";

const tools = { languageOf: () => "en", languages: new Set(["en"]) };
const write = (ids: unknown, kwargs: unknown) => JSON.stringify({ instruction_id_list: ids, kwargs });

describe("readInstructions(reference)", () => {
  it("reads several, and passes over arguments that are null or of no use", () => {
    const checks = readInstructions(write(["punctuation:no_comma", "startend:quotation"], [{ num_words: null }, null]));
    assert.deepEqual(followed('"a, b"', checks!, false, tools), [false, true]);
  });

  const refused: [what: string, reference: string][] = [
    ["no JSON", "punctuation:no_comma"],
    ["an unknown id", write(["punctuation:no_dots"], [{}])],
    ["an id that objects have by themselves", write(["constructor"], [{}])],
    ["fewer arguments than instructions", write(["punctuation:no_comma", "startend:quotation"], [{}])],
    ["a missing argument", write(["startend:end_checker"], [{ end_phrase: null }])],
    ["a wrong relation", write(["keywords:frequency"], [{ keyword: "a", frequency: 1, relation: "about" }])],
    ["none at all", write([], [])],
  ];
  it("reads a hundred phrases, and refuses more and longer ones: each is looked for in the whole of a text", () => {
    const list = (count: number, length: number) => Array.from({ length: count }, () => "a".repeat(length));
    const forbidding = (...lists: readonly (readonly string[])[]) =>
      write(
        lists.map(() => "keywords:forbidden_words"),
        lists.map((forbidden_words) => ({ forbidden_words })),
      );
    assert.equal(readInstructions(forbidding(list(50, 1), list(50, 1)))?.length, 2);
    assert.equal(readInstructions(forbidding(list(50, 1), list(51, 1))), null);
    assert.equal(readInstructions(forbidding(list(1, 5_000), list(1, 5_000)))?.length, 2);
    assert.equal(readInstructions(forbidding(list(1, 5_000), list(1, 5_001))), null);
  });

  for (const [what, reference] of refused) it(`refuses ${what}`, () => assert.equal(readInstructions(reference), null));
});

describe("followed(text, checks, loosely, tools)", () => {
  const quoted = readInstructions(write(["startend:quotation"], [{}]))!;

  it("loosely, looks behind the frame of an answer", () => {
    for (const text of ['Sure:\n"a"', '"a"\nHope it helps!', 'Sure:\n"a"\nBye', '**"a"**']) {
      assert.deepEqual(followed(text, quoted, false, tools), [false]);
      assert.deepEqual(followed(text, quoted, true, tools), [true]);
    }
  });

  it("never lets an empty text follow anything", () => {
    const easy = readInstructions(write(["punctuation:no_comma"], [{}]))!;
    for (const text of ["", " \n "]) for (const loosely of [false, true]) assert.deepEqual(followed(text, easy, loosely, tools), [false]);
  });
});
