import assert from "node:assert/strict";
import test from "node:test";
import { pad } from "../../../src/backends/onnx/pack.ts";

const numbers = (values: BigInt64Array) => Array.from(values, Number);

test("pad(batch, padId) pads on the right, masks padding out and marks the candidate to the end of its text", () => {
  const batch = { ids: Int32Array.of(5, 6, 7, 8, 9, 70000), lengths: Int32Array.of(2, 4), candidateStarts: Int32Array.of(1, 2) };
  const padded = pad(batch, 3);
  assert.deepEqual([padded.rows, padded.length], [2, 4]);
  assert.deepEqual(numbers(padded.ids), [5, 6, 3, 3, 7, 8, 9, 70000]);
  assert.deepEqual(numbers(padded.mask), [1, 1, 0, 0, 1, 1, 1, 1]);
  assert.deepEqual(numbers(padded.segments), [0, 1, 0, 0, 0, 0, 1, 1]);
});

test("pad(batch, padId) marks nothing where a text has no candidate", () => {
  const padded = pad({ ids: Int32Array.of(1, 2), lengths: Int32Array.of(2), candidateStarts: Int32Array.of(2) }, 0);
  assert.deepEqual(numbers(padded.segments), [0, 0]);
});
