import assert from "node:assert/strict";
import { test } from "node:test";
import {
  explainRefusal,
  readClassify,
  readEmbeddings,
  serves,
  writeClassify,
  writeEmbeddings,
} from "../../../src/backends/sglang/protocol.ts";

const rowsOf = (read: ReturnType<typeof readClassify>) => read?.rows.map(({ index, values, tokens }) => [index, values[0], tokens]);

test("numbers of /classify come in the order of the texts, unless an entry says its own place; one object is one text", () => {
  const of = (answer: unknown) => rowsOf(readClassify(JSON.stringify(answer)));
  assert.deepEqual(of({ embedding: [0.5], meta_info: { prompt_tokens: 7 } }), [[0, 0.5, 7]]);
  assert.deepEqual(of([{ embedding: [0.5] }, { embedding: [null] }]), [
    [0, 0.5, undefined],
    [1, Number.NaN, undefined],
  ]);
  assert.deepEqual(
    of([
      { embedding: [0.5], index: 1 },
      { embedding: [1.5], index: 0 },
    ]),
    [
      [1, 0.5, undefined],
      [0, 1.5, undefined],
    ],
  );
});

test("numbers of /v1/embeddings come by index, with the model and the tokens that it says", () => {
  const data = [
    { index: 1, embedding: [0.5] },
    { index: 0, embedding: [1.5] },
  ];
  const read = readEmbeddings(JSON.stringify({ data, model: "rm", usage: { prompt_tokens: 7 } }));
  assert.deepEqual(
    [rowsOf(read), read?.model, read?.tokens],
    [
      [
        [1, 0.5, undefined],
        [0, 1.5, undefined],
      ],
      "rm",
      7,
    ],
  );
});

test("an embedding of many numbers is no score, nor is anything else that is not an answer", () => {
  for (const text of [
    "",
    "{}",
    "[1]",
    '{"embedding":[1,2]}',
    '[{"embedding":[]}]',
    '{"data":[{"index":0,"embedding":[1,2]}]}',
    '{"data":[{"embedding":[1]}]}',
  ]) {
    assert.equal(readClassify(text), undefined, text);
    assert.equal(readEmbeddings(text), undefined, text);
  }
});

test("every text goes into one request, of the model where the route names one", () => {
  const inputs = [{ text: "one" }, { text: "two" }];
  assert.deepEqual(JSON.parse(writeClassify(inputs)), { text: ["one", "two"] });
  assert.deepEqual(JSON.parse(writeEmbeddings("rm", inputs)), { model: "rm", input: ["one", "two"], encoding_format: "float" });
});

test("a server is the right one with the model that is wanted, unless it says that it generates", () => {
  for (const [described, right] of [
    [{ model_path: "rm" }, true],
    [{ model_path: "rm", is_generation: false }, true],
    [{ model_path: "rm", is_generation: true }, false],
    [{ model_path: "other" }, false],
    [{}, false],
  ] as const)
    assert.equal(serves(JSON.stringify(described), "rm"), right);
});

test("a text that is too long is said to be so, in each form that its errors come in, and nothing else is", () => {
  for (const message of ["Input is longer than the model's context length", "exceeds the maximum allowed length"]) {
    assert.equal(explainRefusal("b", JSON.stringify({ error: { message } }))?.reason, "ITEM_TOO_LONG");
    assert.equal(explainRefusal("b", JSON.stringify({ message }))?.reason, "ITEM_TOO_LONG");
  }
  for (const text of ["", "{}", '{"message":"bad request"}']) assert.equal(explainRefusal("b", text), undefined);
});
