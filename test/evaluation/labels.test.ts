import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { comparisonsOf } from "../../src/evaluation/labels.ts";

describe("comparisonsOf", () => {
  it("sets the chosen above the rejected", () => {
    assert.deepEqual(comparisonsOf({ type: "pair" }), [{ better: 0, worse: 1 }]);
  });

  it("sets apart each two candidates with different ratings, and none with equal ones", () => {
    assert.deepEqual(comparisonsOf({ type: "ranked", ratings: [2, 3, 2] }), [
      { better: 1, worse: 0 },
      { better: 1, worse: 2 },
    ]);
  });

  it("sets nothing apart where one candidate is rated, or nobody said anything", () => {
    assert.deepEqual(comparisonsOf({ type: "rated", ratings: { fluency: 1 } }), []);
    assert.deepEqual(comparisonsOf({ type: "none" }), []);
  });
});
