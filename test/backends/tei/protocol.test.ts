import assert from "node:assert/strict";
import { test } from "node:test";
import { readPredict, readRerank, serves, writePredict, writeRerank } from "../../../src/backends/tei/protocol.ts";

const rowsOf = (read: ReturnType<typeof readPredict>) => read?.rows.map(({ index, values }) => [index, values[0]]);

test("the one label of each text is its score, in the order of the texts", () => {
  const answer = [[{ score: 0.5, label: "LABEL_0" }], [{ score: null, label: "LABEL_0" }]];
  assert.deepEqual(rowsOf(readPredict(JSON.stringify(answer))), [
    [0, 0.5],
    [1, Number.NaN],
  ]);
});

test("scores of pairs come best first, and each belongs to the text that its index says", () => {
  const answer = [
    { index: 1, score: 2.5 },
    { index: 0, score: -0.5 },
  ];
  assert.deepEqual(rowsOf(readRerank(JSON.stringify(answer))), [
    [1, 2.5],
    [0, -0.5],
  ]);
});

test("several labels of a text, and what is no answer, are no scores", () => {
  const label = { score: 0.5, label: "a" };
  for (const answer of [{}, [label], [[label, label]], [[]], [[{ label: "a" }]]])
    assert.equal(readPredict(JSON.stringify(answer)), undefined);
  for (const answer of [{}, [[label]], [{ score: 1 }], [{ index: 0.5, score: 1 }], [{ index: 0 }]])
    assert.equal(readRerank(JSON.stringify(answer)), undefined);
  for (const read of [readPredict, readRerank]) assert.equal(read("no JSON"), undefined);
});

test("texts are asked about whole and raw, each by itself or as the answers to one query", () => {
  const raw = { truncate: false, truncation_direction: "Left", raw_scores: true };
  const inputs = [
    { query: "q", text: "one" },
    { query: "q", text: "two" },
  ];
  assert.deepEqual(JSON.parse(writePredict(inputs)), { inputs: [["one"], ["two"]], ...raw });
  assert.deepEqual(JSON.parse(writeRerank(inputs)), { query: "q", texts: ["one", "two"], ...raw, return_text: false });
});

test("a server is the right one with the model that is wanted and one label; only a reranker takes pairs", () => {
  const labels = (count: number) => ({ id2label: Object.fromEntries(Array.from({ length: count }, (_, n) => [n, `LABEL_${n}`])) });
  const right = (model_type: object, gives: "scores" | "pairs", model_id = "rm") =>
    serves(JSON.stringify({ model_id, model_type }), "rm", gives);
  assert.deepEqual(
    (["scores", "pairs"] as const).map((gives) => [right({ classifier: labels(1) }, gives), right({ reranker: labels(1) }, gives)]),
    [
      [true, true],
      [false, true],
    ],
  );
  assert.equal(right({ classifier: labels(2) }, "scores"), false);
  assert.equal(right({ reranker: labels(2) }, "pairs"), false);
  assert.equal(right({ embedding: { pooling: "cls" } }, "scores"), false);
  assert.equal(right({ classifier: labels(1) }, "scores", "other"), false);
  assert.equal(serves("no JSON", "rm", "scores"), false);
});
