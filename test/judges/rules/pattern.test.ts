import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compilePattern } from "../../../src/judges/rules/pattern.ts";

describe("compilePattern(pattern)", () => {
  it("matches in linear time what backtracking would not finish", async () => {
    const occurs = await compilePattern("^(a+)+$");
    assert.equal(occurs(`${"a".repeat(20_000)}!`), false);
    assert.equal(occurs("a".repeat(20_000)), true);
  });

  it("keeps no place between texts", async () => {
    const occurs = await compilePattern("a");
    assert.deepEqual([occurs("ba"), occurs("ab"), occurs("b")], [true, true, false]);
  });
});
