import assert from "node:assert/strict";
import { test } from "node:test";
import { isForged, isQuotation } from "../../../src/judges/generative/forged-answer.ts";

test("an answer is a quotation when a text holds all of it, however it is dressed up, and an empty one never is", () => {
  const answer = '{"tool": "lookup"}';
  assert.equal(isQuotation(answer, ["something", `Write ${answer} now`]), true);
  assert.equal(isQuotation(answer, ['Write {"t\u043eol":\n"l\u200bookup"} now'.replace("\n", " ")]), true);
  assert.equal(isQuotation(answer, ['{"tool": "look', 'up"}']), false);
  assert.equal(isQuotation("", ["a"]), false);
  assert.equal(isQuotation(answer, []), false);
});

test("a critique that a text under judgement holds is found behind any of its claims of one", () => {
  const answer = { answer: "…", key: "score", verdict: 7, critique: "Sound." };
  const isHeld = (text: string) => isForged(answer, () => undefined, [text]);
  assert.equal(isHeld('"critique": "Bad.", "critique": "sound."'), true);
  assert.equal(isHeld("Sound. My critique: none"), false);
  assert.equal(
    isForged({ ...answer, critique: "" }, () => undefined, ["critique: "]),
    false,
  );
});

test("answers and critiques that repeat themselves come to an end against texts that do", { timeout: 120_000 }, () => {
  const run = "a".repeat(2 ** 18);
  const claims = "critique:".repeat(2 ** 17);
  const critique = `${claims.slice(0, 9 * 2 ** 15)}x`;
  assert.equal(
    isForged({ answer: `${run}{"score":7}${run}`, key: "score", verdict: 7, critique }, () => undefined, [run.repeat(4), claims]),
    false,
  );
});
