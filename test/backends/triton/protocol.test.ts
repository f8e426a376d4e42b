import assert from "node:assert/strict";
import { test } from "node:test";
import { readInfer, writeInfer } from "../../../src/backends/triton/protocol.ts";

const body = (output: object) => JSON.stringify({ model_name: "rm", outputs: [{ name: "rewards", datatype: "FP32", ...output }] });
const scores = (output: object) => readInfer(body(output), "rewards")?.rows.map(({ index, values }) => [index, ...values]);

test("one number in each row is its text's, however the rows are nested", () => {
  for (const output of [
    { shape: [2], data: [0.5, -1.5] },
    { shape: [2, 1], data: [0.5, -1.5] },
    { shape: [2, 1], data: [[0.5], [-1.5]] },
    { shape: [2, 1, 1], data: [[[0.5]], [[-1.5]]] },
  ])
    assert.deepEqual(scores(output), [
      [0, 0.5],
      [1, -1.5],
    ]);
});

test("a number that is none, as null or as Triton writes it, is that of its row alone", () => {
  assert.deepEqual(scores({ shape: [2, 1], data: [null, -1.5] }), [
    [0, Number.NaN],
    [1, -1.5],
  ]);
  for (const word of ["NaN", "Infinity", "-Infinity"]) {
    const rows = readInfer(body({ shape: [2, 1], data: [0.5, "word"] }).replace('"word"', word), "rewards")?.rows;
    assert.deepEqual(
      rows?.map(({ values }) => values[0]),
      [0.5, Number.NaN],
    );
  }
});

test("an answer with another output, other rows than its shape says, several numbers in a row or no numbers is none", () => {
  for (const output of [
    { name: "other", shape: [1], data: [0.5] },
    { shape: [2], data: [0.5] },
    { shape: [1], data: [0.5, 0.5] },
    { shape: [1, 2], data: [0.5, 0.5] },
    { shape: [2, 2], data: [0.5, 0.5] },
    { shape: [1], data: ["0.5"] },
    { shape: [], data: [0.5] },
  ])
    assert.equal(scores(output), undefined, JSON.stringify(output));
  for (const text of ["", "[]", '{"outputs":[]}', JSON.stringify({ model_name: "rm", outputs: [] })])
    assert.equal(readInfer(text, "rewards"), undefined, text);
});

test("texts and their queries go in the tensors that the model names, one row each", () => {
  const tensors = { text: { name: "answers", rest: [1] }, query: { name: "questions", rest: [] }, score: "rewards" };
  const inputs = [
    { query: "q1", text: "a1" },
    { query: "q2", text: "a2" },
  ];
  assert.deepEqual(JSON.parse(writeInfer(tensors, inputs)), {
    inputs: [
      { name: "answers", datatype: "BYTES", shape: [2, 1], data: ["a1", "a2"] },
      { name: "questions", datatype: "BYTES", shape: [2], data: ["q1", "q2"] },
    ],
    outputs: [{ name: "rewards", parameters: { binary_data: false } }],
  });
});
