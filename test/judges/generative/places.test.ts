import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { placesOf } from "../../../src/judges/generative/places.ts";

test("a passage is found wherever it stands in a text, also where its places overlap", () => {
  const text = (maxLength: number) => fc.string({ unit: fc.constantFrom("a", "b", "é", "🙂"), minLength: 1, maxLength });
  fc.assert(
    fc.property(text(4), text(40), (passage, text) => {
      const wanted = Array.from({ length: text.length }, (_, at) => at).filter((at) => text.startsWith(passage, at));
      assert.deepEqual(placesOf(passage, text), wanted);
    }),
  );
  assert.deepEqual(placesOf("aaa", "a"), []);
});
