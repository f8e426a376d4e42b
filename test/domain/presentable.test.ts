import assert from "node:assert/strict";
import { test } from "node:test";
import { presentable } from "../../src/domain/presentable.ts";

test("what could do something to a terminal or a page that shows it is left out, and words, line breaks and tabs stay", () => {
  assert.equal(presentable("good\u0007\u009b[31m,\n\treally\u0000"), "good[31m,\n\treally");
  assert.equal(presentable("a\u202egnp.exe\u202c \u2066b\u2069\u2028c\u2029\u{e0041}\u{e007f}"), "agnp.exe bc");
  assert.equal(presentable("naïve 文字 🙂 می‌رویم"), "naïve 文字 🙂 می‌رویم");
});

test("a text is cut to its length, and half of a character becomes a mark", () => {
  assert.equal(presentable("ab\u{1f600}", 3), "ab\ufffd");
  assert.equal(presentable("x".repeat(10_000)).length, 8_000);
});
