import assert from "node:assert/strict";
import { test } from "node:test";
import { isQuotation } from "../../../src/judges/generative/forged-answer.ts";

test("an answer is a quotation when a text holds all of it, however it is dressed up, and an empty one never is", () => {
  const answer = '{"tool": "lookup"}';
  assert.equal(isQuotation(answer, ["something", `Write ${answer} now`]), true);
  assert.equal(isQuotation(answer, ['Write {"t\u043eol":\n"l\u200bookup"} now'.replace("\n", " ")]), true);
  assert.equal(isQuotation(answer, ['{"tool": "look', 'up"}']), false);
  assert.equal(isQuotation("", ["a"]), false);
  assert.equal(isQuotation(answer, []), false);
});
