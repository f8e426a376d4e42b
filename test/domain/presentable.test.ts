import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

test("what is kept of a long answer keeps nothing else of it in memory", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const heap = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const answer = (index: number) => `<think>${`${index} `.repeat(10_000)}</think> It is a good response.`;
  const before = heap();
  const kept = Array.from({ length: 1_000 }, (_, index) => [presentable(answer(index).slice(-30)), presentable(answer(index), 30)]);
  assert.ok(heap() - before < 1e6, `${heap() - before} bytes of ${kept.length} answers`);
});
