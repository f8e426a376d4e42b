import assert from "node:assert/strict";
import { test } from "node:test";
import { branch } from "../../../src/backends/onnx/branch.ts";

const numbers = (values: BigInt64Array) => Array.from(values, Number);

test("branch(batch, padId) lays texts behind their prefix, each with positions that go on from it", () => {
  const batch = {
    // A row of 1 2 | 3 4, then 5, then nothing; a row of its own; a row of 1 | 9, then 8 7.
    ids: Int32Array.of(1, 2, 3, 4, 5, 6, 6, 1, 9, 8, 7),
    lengths: Int32Array.of(4, 1, 0, 2, 2, 2),
    candidateStarts: Int32Array.of(2, 2, 2, 1, 1, 1),
    joins: Int32Array.of(0, 2, 2, 0, 0, 1),
  };
  const made = branch(batch, 70000);
  assert.deepEqual([made.rows, made.length], [3, 5]);
  assert.deepEqual(numbers(made.ids), [1, 2, 3, 4, 5, 6, 6, 70000, 70000, 70000, 1, 9, 8, 7, 70000]);
  assert.deepEqual(numbers(made.mask), [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0]);
  assert.deepEqual(numbers(made.positions), [0, 1, 2, 3, 2, 0, 1, 0, 0, 0, 0, 1, 1, 2, 0]);
  assert.deepEqual(numbers(made.branches), [0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0]);
  assert.deepEqual(numbers(made.texts), [0, 1, 0, 2, 0, 3, 1, 0, 2, 1, 2, 2]);
});

test("branch(batch, padId) gives every text a row where none joins another", () => {
  const made = branch({ ids: Int32Array.of(5, 6, 7), lengths: Int32Array.of(1, 2), candidateStarts: Int32Array.of(0, 0) }, 0);
  assert.deepEqual(numbers(made.ids), [5, 0, 6, 7]);
  assert.deepEqual(numbers(made.positions), [0, 0, 0, 1]);
  assert.deepEqual(numbers(made.branches), [0, 0, 0, 0]);
  assert.deepEqual(numbers(made.texts), [0, 0, 1, 0]);
});
