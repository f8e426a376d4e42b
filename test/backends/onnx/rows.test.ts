import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planRows } from "../../../src/backends/onnx/rows.ts";
import type { PreparedCall } from "../../../src/domain/backend.ts";

const callOf = (tokens: number, key?: string, shared = 10): PreparedCall => ({
  tokens,
  payload: undefined,
  ...(key !== undefined && { prefix: { key, tokens: shared } }),
});

test("planRows(batch, most) puts calls of one prefix into a row, behind the first of them, and leaves others alone", () => {
  const { order, joins } = planRows([callOf(15, "a"), callOf(12, "b"), callOf(30), callOf(11, "a"), callOf(10, "b")], 64);
  assert.deepEqual(order, [0, 3, 1, 4, 2]);
  assert.deepEqual([...joins], [0, 10, 0, 10, 0]);
});

test("planRows(batch, most) starts another row where the next call does not fit", () => {
  const { order, joins } = planRows([callOf(15, "a"), callOf(15, "a"), callOf(16, "a"), callOf(14, "a")], 20);
  assert.deepEqual(order, [0, 1, 2, 3]);
  assert.deepEqual([...joins], [0, 10, 0, 10]);
});

test("planRows(batch, undefined) gives every call a row", () => {
  const { order, joins } = planRows([callOf(15, "a"), callOf(15, "a")], undefined);
  assert.deepEqual(order, [0, 1]);
  assert.deepEqual([...joins], [0, 0]);
});

test("planRows(batch, most) holds every call once, and no shared row is longer than most", () => {
  const call = fc
    .record({ key: fc.constantFrom(undefined, "a", "b", "c"), own: fc.nat(40) })
    .map(({ key, own }) => callOf((key === undefined ? 1 : 10) + own, key));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), fc.integer({ min: 50, max: 200 }), (batch, most) => {
      const { order, joins } = planRows(batch, most);
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
