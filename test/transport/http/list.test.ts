import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { listOf } from "../../../src/transport/http/list.ts";
import { ScoreRequestJson } from "../../../src/transport/http/request-schema.ts";

test("a list holds what its elements are read as, and is refused where it is none", () => {
  const list = listOf(z.string().transform((text) => text.length));
  assert.deepEqual(list.parse(["a", "bc"]), [1, 2]);
  assert.deepEqual(list.parse([]), []);
  assert.equal(list.safeParse({ 0: "a", length: 1 }).success, false);
  assert.equal(listOf(z.string()).min(1).safeParse([]).success, false);
});

test("a body with faults without end is read up to the first one", () => {
  const many = (value: unknown) => Array.from({ length: 10_000 }, () => value);
  const item = (more: object) => ({ prompt: "a", candidates: [{ content: "b" }], ...more });
  const bodies = {
    "items[0]": many(1),
    "items[0].prompt": many({}),
    "items[1].id": [item({}), ...many(item({ id: 1 }))],
    "items[0].candidates[0].content": [item({ candidates: many({}) })],
    "items[0].candidates[0].content[0]": [item({ candidates: [{ content: many(1) }] })],
    "items[0].prompt[0].role": [item({ prompt: many({ content: "" }) })],
    "items[0].criteria[0].text": [item({ criteria: many({}) })],
  };
  for (const [place, items] of Object.entries(bodies)) {
    const { error } = ScoreRequestJson.safeParse({ panel: "chat", items });
    assert.ok(error!.issues.length <= 2, place);
    // Those of a union's branches count too.
    assert.ok(JSON.stringify(error!.issues).length < 4_000, place);
  }
});
