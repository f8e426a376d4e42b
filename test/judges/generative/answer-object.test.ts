import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type AnswerValue, findAnswerObject } from "../../../src/judges/generative/answer-object.ts";

/** Maps as the objects that JSON.parse makes. */
function plain(value: AnswerValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const found = (answer: string) => {
  const result = findAnswerObject(answer);
  return result && { step: result.step, object: plain(result.object), rest: result.rest };
};

describe("findAnswerObject", () => {
  it("reads what JSON.stringify writes as JSON.parse does, in whatever layout, fence or prose", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5, noNullPrototype: true });
    fc.assert(
      fc.property(object, (value) => {
        const text = JSON.stringify(value);
        if (text.includes("__proto__")) return;
        const expected = JSON.parse(text);
        assert.deepEqual(found(text), { step: "direct", object: expected, rest: "" });
        assert.deepEqual(found(`\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``)?.object, expected);
        assert.deepEqual(found(`So: ${text}\nDone.`), { step: "braces", object: expected, rest: "\nDone." });
      }),
    );
  });

  it("mends single and curly quotes, line breaks in strings and commas before a closing bracket", () => {
    const cases: [string, unknown][] = [
      ["{'a': 'it\\'s \"so\"', 'b': [1, 2,],}", { a: 'it\'s "so"', b: [1, 2] }],
      ["{“a”: ‘x’}", { a: "x" }],
      ['{"a": "one\ntwo\t\\n"}', { a: "one\ntwo\t\n" }],
    ];
    for (const [text, object] of cases) assert.deepEqual(found(text), { step: "repair", object, rest: "" }, text);
  });

  it("tells what was mended from what was right", () => {
    assert.equal(found('{"a": 1}')?.step, "direct");
    assert.equal(found('{"a": 1,}')?.step, "repair");
    assert.equal(found('{"a": [1,]}')?.step, "repair");
  });

  it("takes nesting to a depth that answers have, and no deeper", () => {
    const nested = (levels: number) => findAnswerObject(`{"a": ${"[".repeat(levels)}${"]".repeat(levels)}}`);
    assert.ok(nested(8) !== undefined);
    assert.equal(nested(20), undefined);
  });

  for (const [name, text] of Object.entries({
    "no object": "no json",
    "an array": "[1, 2]",
    "an object that was cut off": '{"a": {"b": 4',
    "an object that was cut off within a string": '{"a": "b',
    "a second object that was cut off": '{"a": 5} and {"a": 1',
    "two objects": '{"a": 5} {"a": 1}',
    "a brace in the prose before it": 'a } b {"a": 5}',
    "a key given twice": '{"a": 5, "a": 1}',
    "a key given twice, once escaped": '{"a": 5, "\\u0061": 1}',
    "a key given twice further in": '{"a": {"b": 5, "b": 1}}',
    "a number beyond a double": '{"a": 1e999}',
    NaN: '{"a": NaN}',
    "a word as a value": '{"a": five}',
    "digits of another script": '{"a": ５}',
    "a key without quotes": "{a: 5}",
    "a comment": '{"a": 5 /* no */}',
    "two commas": '{"a": 5,, "b": 1}',
    "a comma without a member": "{,}",
    "an apostrophe within single quotes": "{'a': 'it's'}",
    "nesting without end": `{"a": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
  })) {
    it(`finds none in ${name}`, () => assert.equal(findAnswerObject(text), undefined));
  }

  it("keeps keys that would reach a prototype as keys", () => {
    const object = findAnswerObject('{"__proto__": {"verdict": "A"}, "constructor": 1}')!.object;
    assert.deepEqual([...object.keys()], ["__proto__", "constructor"]);
    assert.equal(object.get("verdict"), undefined);
  });
});
