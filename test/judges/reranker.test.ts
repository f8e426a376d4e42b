import assert from "node:assert/strict";
import { test } from "node:test";
import type { Item } from "../../src/domain/item.ts";
import { createReranker } from "../../src/judges/reranker.ts";

const spec = { name: "relevance", revision: "r", backend: "b", space: "logit", determinism: { class: "none" } } as const;
const item: Item = {
  id: "i",
  prompt: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "What is a panda?" },
  ],
  candidates: [
    { id: "a", content: "A bear." },
    { id: "b", content: "Hi." },
  ],
} as unknown as Item;

test("each candidate is asked about as the answer to the last message, or to all of them", () => {
  const last = createReranker(spec, { query: "lastTurn", output: "scores" }).encode(item);
  assert.deepEqual(last, [
    {
      candidates: [0],
      calls: [
        {
          type: "pair",
          query: [{ text: "What is a panda?", origin: "prompt" }],
          document: [{ text: "A bear.", origin: "candidate" }],
        },
      ],
    },
    {
      candidates: [1],
      calls: [{ type: "pair", query: [{ text: "What is a panda?", origin: "prompt" }], document: [{ text: "Hi.", origin: "candidate" }] }],
    },
  ]);
  const all = createReranker(spec, { query: "allTurns", output: "scores" }).encode(item);
  const call = all[0]!.calls[0]!;
  assert.deepEqual(call.type === "pair" && call.query, [{ text: "Be brief.\nWhat is a panda?", origin: "prompt" }]);
});

test("the one number of the row is the score, and anything else is none", () => {
  const judge = createReranker(spec, { query: "lastTurn", output: "scores" });
  const [ask] = judge.encode(item);
  const decode = (scores: Float32Array) => judge.decode(ask!, [{ outputs: { scores }, tokens: 1 }], item);
  assert.deepEqual(decode(Float32Array.of(1.5)), [{ outcome: "scored", value: 1.5 }]);
  assert.throws(() => decode(Float32Array.of(1, 2)), /holds 2 numbers/);
  assert.throws(() => decode(Float32Array.of(Number.NaN)), /not finite/);
});

test("an item with other parts than text is not covered", () => {
  const judge = createReranker(spec, { query: "lastTurn", output: "scores" });
  assert.equal(judge.notApplicable?.(item), undefined);
  const image = { ...item, prompt: [{ role: "user", content: [{ type: "image", url: "https://a.example/b.png" }] }] } as unknown as Item;
  assert.match(judge.notApplicable!(image)!, /image/);
});
