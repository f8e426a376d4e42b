import assert from "node:assert/strict";
import test from "node:test";
import { trimmed } from "../../../src/judges/shared/trim.ts";

const both = (trim: "nothing" | "lineBreaks" | "whiteSpace") => ({ message: 0, trim: { start: trim, end: trim } });

test("trimmed(text, place) takes off what the template takes off, at each end", () => {
  const text = "\n \u00a0a \n b\t\n";
  assert.equal(trimmed(text, { message: 0 }), text);
  assert.equal(trimmed(text, both("nothing")), text);
  assert.equal(trimmed(text, both("whiteSpace")), "a \n b");
  assert.equal(trimmed(text, both("lineBreaks")), " \u00a0a \n b\t");
  assert.equal(trimmed(text, { message: 0, trim: { start: "whiteSpace", end: "nothing" } }), "a \n b\t\n");
});

test("trimmed(text, place) takes the white space of Python, not that of JavaScript", () => {
  assert.equal(trimmed("\u001c\u0085a\u001f", both("whiteSpace")), "a");
  assert.equal(trimmed("\ufeffa\u200b", both("whiteSpace")), "\ufeffa\u200b");
});

test("trimmed(text, place) leaves nothing of white space alone", () => {
  assert.equal(trimmed(" \n\t ", both("whiteSpace")), "");
  assert.equal(trimmed("\n\n", both("lineBreaks")), "");
});
