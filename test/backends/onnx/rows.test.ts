import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planRows, prefixOf } from "../../../src/backends/onnx/rows.ts";
import type { PreparedCall } from "../../../src/domain/backend.ts";

const callOf = (tokens: number, key?: string, rowTokens = 64): PreparedCall => ({
  tokens,
  payload: undefined,
  ...(key !== undefined && { prefix: { key, tokens: 10, rowTokens } }),
});

test("planRows(batch) puts calls of one prefix into a row, behind the first of them, and leaves others alone", () => {
  const { order, joins } = planRows([callOf(15, "a"), callOf(12, "b"), callOf(30), callOf(11, "a"), callOf(10, "b")]);
  assert.deepEqual(order, [0, 3, 1, 4, 2]);
  assert.deepEqual([...joins], [0, 10, 0, 10, 0]);
});

test("planRows(batch) starts another row where the next call does not fit", () => {
  const { order, joins } = planRows([15, 15, 16, 14].map((tokens) => callOf(tokens, "a", 20)));
  assert.deepEqual(order, [0, 1, 2, 3]);
  assert.deepEqual([...joins], [0, 10, 0, 10]);
});

test("planRows(batch) gives every call without a prefix a row", () => {
  const { order, joins } = planRows([callOf(15), callOf(15)]);
  assert.deepEqual(order, [0, 1]);
  assert.deepEqual([...joins], [0, 0]);
});

test("planRows(batch) holds every call once, and no shared row is longer than its prefix allows", () => {
  const call = fc
    .record({ key: fc.constantFrom(undefined, "a", "b", "c"), own: fc.nat(40) })
    .map(({ key, own }) => ({ key, tokens: (key === undefined ? 1 : 10) + own }));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), fc.integer({ min: 50, max: 200 }), (drawn, most) => {
      const batch = drawn.map(({ key, tokens }) => callOf(tokens, key, most));
      const { order, joins } = planRows(batch);
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        batch.map((_, index) => index),
      );
      let row = 0;
      let key: string | undefined;
      for (const [place, index] of order.entries()) {
        const { tokens, prefix } = batch[index]!;
        row = joins[place] === 0 ? tokens : row + tokens - joins[place]!;
        if (joins[place]! > 0) assert.equal(prefix!.key, key);
        key = prefix?.key;
        assert.ok(row <= most);
      }
    }),
  );
});

const sequenceOf = (prompt: number, candidate: number, first = 0) => ({
  ids: Int32Array.from({ length: prompt + candidate }, (_, at) => first + at),
  candidateStart: prompt,
});

test("prefixOf(sequence, most) is one for equal prompts and another where one token differs or is missing", () => {
  const prefix = prefixOf(sequenceOf(40, 5), 1000)!;
  assert.equal(prefix.tokens, 40);
  assert.equal(prefixOf(sequenceOf(40, 30), 1000)!.key, prefix.key);
  assert.notEqual(prefixOf(sequenceOf(39, 6), 1000)!.key, prefix.key);
  assert.notEqual(prefixOf(sequenceOf(40, 5, 1), 1000)!.key, prefix.key);
});

test("prefixOf(sequence, most) ends rows where attention would cost more than the prefix, and where the model does", () => {
  // 1024 + √(1024 · 5120) and 128 + √(128 · 4224).
  assert.equal(prefixOf(sequenceOf(1024, 128), 4096)!.rowTokens, 3313);
  assert.equal(prefixOf(sequenceOf(128, 254), 4096)!.rowTokens, 863);
  assert.equal(prefixOf(sequenceOf(1024, 128), 2048)!.rowTokens, 2048);
});

test("prefixOf(sequence, most) shares nothing where there is no prompt, or no room for a second candidate", () => {
  assert.equal(prefixOf(sequenceOf(0, 5), 1000), undefined);
  assert.equal(prefixOf(sequenceOf(10, 400), 1000), undefined);
  assert.equal(prefixOf(sequenceOf(600, 250), 1000), undefined);
});
