import assert from "node:assert/strict";
import { test } from "node:test";
import { openWires } from "../../support/wires.ts";

const scores = (body: { data: { index: number; score: number }[] }) => body.data.map(({ score }) => score);

test("one prompt with many texts is one group, under each name that vLLM's clients use", async (t) => {
  const { send, seen } = await openWires(t);
  for (const [first, second] of [
    ["text_1", "text_2"],
    ["data_1", "data_2"],
    ["queries", "documents"],
    ["queries", "items"],
  ] as const) {
    const { status, body } = await send("/score", { model: "m", [first]: "q", [second]: ["bb", "dddd", "a"] });
    assert.deepEqual([status, body.model, scores(body)], [200, "m", [2, 4, 1]]);
    assert.deepEqual(
      body.data.map(({ index, object }: { index: number; object: string }) => [index, object]),
      [0, 1, 2].map((index) => [index, "score"]),
    );
  }
  for (const request of seen) assert.deepEqual([request.items.length, request.items[0]!.candidates.length], [1, 3]);
});

test("as many prompts as texts go together place by place, and another number is refused", async (t) => {
  const { send, seen } = await openWires(t);
  assert.deepEqual(scores((await send("/score", { text_1: ["p", "q"], text_2: ["bb", "dddd"] })).body), [2, 4]);
  assert.deepEqual(
    seen[0]!.items.map(({ prompt }) => prompt[0]!.content),
    ["p", "q"],
  );
  const uneven = await send("/score", { text_1: ["p", "q"], text_2: ["bb"] });
  assert.deepEqual([uneven.status, uneven.body.error.details.field], [400, "text_2"]);
  assert.equal((await send("/score", { text_1: "p" })).status, 400);
  assert.deepEqual((await send("/score", { text_1: "p", text_2: [] })).body.data, []);
});
