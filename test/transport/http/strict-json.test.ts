import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../../src/domain/errors.ts";
import { parseStrictJson } from "../../../src/transport/http/strict-json.ts";

const limits = (maxJsonDepth: number) => ({ maxJsonDepth, maxCandidates: 8192 });
const parse = (text: string, depth = 32) => parseStrictJson(Buffer.from(text), limits(depth));

function refusal(bytes: string | Uint8Array, depth = 32): GatewayError {
  try {
    parseStrictJson(Buffer.from(bytes as string), limits(depth));
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error;
  }
  assert.fail("accepted");
}

test("what JSON.stringify writes is parsed to the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value);
      if (/"(__proto__|constructor|prototype)":/.test(text)) return;
      assert.deepEqual(parse(text), JSON.parse(text));
      assert.deepEqual(parse(JSON.stringify(value, null, 2)), JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

for (const [name, text] of Object.entries({
  "a key given twice": '{"a":1,"b":{"a":2},"a":3}',
  "a key given twice, once escaped": '{"a":1,"\\u0061":2}',
  "a key given twice in an inner object": '[{"x":[{"k":1 , "k" : 2}]}]',
  "a key given twice, with every kind of space before its colon": '{"k":1,"k"\n\r\t :2}',
  "a key given twice behind an empty string": '{"a":"","k":1,"k":2}',
  "a key given twice behind a quote in a string": '{"a":"\\"","k":1,"k":2}',
  "a key given twice behind a backslash at the end of a string": '{"a":"\\\\","k":1,"k":2}',
  "a key given twice behind a backslash and a quote in a string": '{"a":"\\\\\\"","k":1,"k":2}',
  "a key in a list": '["k":1]',
  "a key outside of any object": '"k":1',
  __proto__: '{"__proto__":{"x":1}}',
  "an escaped __proto__": '{"\\u005f_proto__":1}',
  constructor: '{"a":{"constructor":1}}',
  prototype: '[{"prototype":null}]',
  NaN: '{"a":NaN}',
  Infinity: '{"a":-Infinity}',
  "a number beyond the range of a double": '{"a":1e400}',
  "a negative number beyond the range of a double": '{"a":-1e400}',
  "a number beyond the range of a double, written with E and +": '{"a":1E+400}',
  "a long number beyond the range of a double": `{"a":${"9".repeat(400)}}`,
  "a line comment": '{"a":1}//x',
  "a block comment": '{/*x*/"a":1}',
  "a byte order mark": '\ufeff{"a":1}',
  "a trailing comma": '{"a":1,}',
  "single quotes": "{'a':1}",
  "a bare control character in a string": '{"a":"\u0001"}',
  "two values": '{"a":1}{"b":2}',
  nothing: "",
  "an open string": '{"a":"b',
  "a key with a bad escape": '{"\\x":1}',
})) {
  test(`parseStrictJson(bytes, limits) refuses ${name}`, () => {
    assert.equal(refusal(text).reason, "REQUEST_INVALID");
  });
}

for (const [name, bytes] of Object.entries({
  "a lone continuation byte": [0x22, 0x80, 0x22],
  "an over-long form": [0x22, 0xc0, 0xaf, 0x22],
  "an encoded surrogate": [0x22, 0xed, 0xa0, 0x80, 0x22],
})) {
  test(`parseStrictJson(bytes, limits) refuses bytes that are not UTF-8: ${name}`, () => {
    const { reason, message } = refusal(Uint8Array.from(bytes));
    assert.deepEqual([reason, message], ["REQUEST_INVALID", "the body is not UTF-8"]);
  });
}

test("keys of different objects, and strings that look like keys or brackets, are taken as they are", () => {
  const text = '[{"a":1},{"a":2},{"b":"\\"a\\":{[[","c":"\\\\"},["a","a"]]';
  assert.deepEqual(parse(text), JSON.parse(text));
});

test("depth is bounded exactly and before the parse", () => {
  assert.deepEqual(parse("[[[]]]", 3), [[[]]]);
  const error = refusal("[[[[]]]]", 3);
  assert.equal(error.reason, "TOO_LARGE");
  assert.equal(error.details.limit, 3);
  assert.equal(refusal("[".repeat(2_000_000)).reason, "TOO_LARGE");
});

test("values one after another are no depth, however many", () => {
  const text = `[${Array.from({ length: 100 }, (_, n) => `{"a":${n},"b":[${n}]}`).join(",")}]`;
  assert.deepEqual(parse(text, 3), JSON.parse(text));
});

test("an object may have 1024 keys and no more", () => {
  const wide = (n: number) => `{${Array.from({ length: n }, (_, i) => `"k${i}":0`).join(",")}}`;
  assert.equal(Object.keys(parse(wide(1024)) as object).length, 1024);
  const { reason, details } = refusal(wide(1025));
  assert.deepEqual([reason, details.limit], ["TOO_LARGE", 1024]);
});

test("objects, lists and texts in lists are bounded exactly, before the parse, by what candidates may need", () => {
  const list = (element: string, n: number) => `[${Array(n - 1).fill(element)}]`;
  for (const element of ["{}", "[]", '""']) {
    assert.equal((parse(list(element, 262_144)) as unknown[]).length, 262_143);
    const { reason, details } = refusal(`${list(element, 262_145)}no JSON`);
    assert.deepEqual([reason, details.limit], ["TOO_LARGE", 262_144]);
  }
  const many = Buffer.from(list("{}", 400_000));
  assert.equal((parseStrictJson(many, { maxJsonDepth: 32, maxCandidates: 50_000 }) as unknown[]).length, 399_999);
  assert.equal((parse(list("1.5", 1_000_000)) as unknown[]).length, 999_999);
});

test("messages give the position and none of the text", () => {
  const error = refusal('{"prompt":"very secret text" oops}');
  assert.doesNotMatch(error.message, /secret|oops/);
  assert.match(error.message, /at character 29/);
  assert.equal(refusal('{"a":').message, "the body is not valid JSON");
});

test("the prototype of objects stays as it was", () => {
  refusal('{"__proto__":{"polluted":true}}');
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
});
