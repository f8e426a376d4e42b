import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { majorityVote } from "../../../src/judges/rules/majority.ts";

describe("majorityVote(answers, minShare)", () => {
  it("gives no reward to anyone when too few agree to tell", () => {
    const { answer, share, rewards } = majorityVote(["a", "a", "b", "c", null], 0.5);
    assert.deepEqual({ answer, share, rewards }, { answer: null, share: 0.4, rewards: [null, null, null, null, null] });
  });

  it("never lets absent answers win", () => assert.deepEqual(majorityVote([null, null, "a"], 0).rewards, [0, 0, 1]));
  it("has an empty group agree on nothing", () =>
    assert.deepEqual(majorityVote([], 0), { answer: null, share: 0, tie: false, rewards: [] }));
});
