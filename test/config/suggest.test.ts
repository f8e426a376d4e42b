import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nameRemedy, nearest } from "../../src/config/suggest.ts";

describe("nearest", () => {
  it("finds names a slip away: a letter more, less, other, or two swapped", () => {
    for (const wrong of ["chat-rewards", "chat-rewrd", "chat-revard", "chat-rewrad"]) {
      assert.deepEqual(nearest(wrong, ["safety", "chat-reward"]), ["chat-reward"], wrong);
    }
  });

  it("gives the nearest first and nothing that is far", () => {
    assert.deepEqual(nearest("abcd", ["abxd", "abcde", "abc", "zzzz"]).length, 3);
    assert.deepEqual(nearest("help", ["verbosity"]), []);
  });

  it("lets nameRemedy list what is allowed", () => {
    assert.equal(nameRemedy("x", ["alpha"], "none"), "allowed: alpha");
    assert.equal(nameRemedy("alpah", ["alpha", "beta"], "none"), "did you mean alpha? allowed: alpha, beta");
    assert.equal(nameRemedy("x", [], "none"), "none");
  });
});
