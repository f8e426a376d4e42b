import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allTrue } from "../../../src/reward/constraints/all-true.ts";

describe("allTrue", () => {
  it("holds only when every verdict does, and when there is none", () => {
    assert.equal(allTrue([1, 1], "violation"), 1);
    assert.equal(allTrue([1, 0], "error"), 0);
    assert.equal(allTrue([1, -1], "violation"), -1);
    assert.equal(allTrue([], "violation"), 1);
  });

  it("lets the stated one of violation and error speak when there are both", () => {
    assert.equal(allTrue([0, -1, 1], "violation"), 0);
    assert.equal(allTrue([0, -1, 1], "error"), -1);
  });
});
