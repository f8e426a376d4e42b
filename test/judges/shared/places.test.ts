import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { partsBetween, placesOf } from "../../../src/judges/shared/places.ts";

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

test("a text is split at a passage as strings split themselves, also at one that is long", () => {
  const text = (maxLength: number) => fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength });
  fc.assert(
    fc.property(text(3), text(12), fc.constantFrom(1, 200), (passage, around, times) => {
      const long = passage.repeat(times);
      const given = around.replaceAll("b", long);
      assert.deepEqual(partsBetween(long, given), given.split(long));
    }),
  );
});

test("a text is split at a passage without trying every place of it anew", () => {
  const half = "a".repeat(500_000);
  assert.equal(partsBetween(`${half}b${half}`, half.repeat(8)).length, 1);
});
