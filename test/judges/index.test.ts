import assert from "node:assert/strict";
import test from "node:test";
import { JUDGE_KINDS } from "../../src/judges/index.ts";

test("JUDGE_KINDS lists every kind under its own word", () => {
  for (const [word, { kind }] of Object.entries(JUDGE_KINDS)) assert.equal(kind, word);
});
