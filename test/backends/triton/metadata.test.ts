import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetadata } from "../../../src/backends/triton/metadata.ts";

const input = (name: string, datatype = "BYTES", shape: unknown[] = [-1, 1]) => ({ name, datatype, shape });
const described = (inputs: object[], outputs: object[] = [input("rewards", "FP32")], name = "rm") =>
  JSON.stringify({ name, inputs, outputs });
const read = (body: string, wanted: Partial<Parameters<typeof readMetadata>[1]> = {}) =>
  readMetadata(body, { model: "rm", gives: "scores", tensors: {}, ...wanted });

test("the only input of texts and the only output of numbers are taken, whatever they are called", () => {
  const body = described([input("sentences"), input("tokens", "INT64"), input("sequence_lengths", "INT64")]);
  assert.deepEqual(read(body), { text: { name: "sentences", rest: [1] }, score: "rewards" });
  const flat = described([input("text", "BYTES", ["-1"])], [input("logits", "FP16", [-1, 1]), input("label")]);
  assert.deepEqual(read(flat), { text: { name: "text", rest: [] }, score: "logits" });
});

test("a choice that the description leaves is made by the configuration, or not at all", () => {
  const body = described([input("prompt"), input("response")], [input("score", "FP32"), input("value", "FP32")]);
  assert.equal(read(body), undefined);
  assert.deepEqual(read(body, { tensors: { text: "response", score: "score" } }), {
    text: { name: "response", rest: [1] },
    score: "score",
  });
  assert.deepEqual(read(body, { gives: "pairs", tensors: { query: "prompt", score: "value" } }), {
    text: { name: "response", rest: [1] },
    query: { name: "prompt", rest: [1] },
    score: "value",
  });
  assert.equal(read(body, { gives: "pairs", tensors: { score: "value" } }), undefined);
});

test("a model that cannot be asked, another one, and what is no description are not taken", () => {
  assert.equal(read(described([input("tokens", "INT64")])), undefined);
  assert.equal(read(described([input("text", "BYTES", [-1, 2])])), undefined);
  assert.equal(read(described([input("text", "BYTES", [])])), undefined);
  assert.equal(read(described([input("text")], [input("label")])), undefined);
  assert.equal(read(described([input("text")], undefined, "other")), undefined);
  assert.equal(read("{"), undefined);
});
