import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chartMatch } from "../../../src/judges/rules/chart.ts";

describe("chartMatch(prediction, gold, tolerance)", () => {
  it("is right at the very tolerance, and half graded there", () =>
    assert.deepEqual(chartMatch("75", "50", 0.5), { relaxed: 1, graded: 0.5 }));
  it("takes only 0 for 0", () => {
    assert.deepEqual(chartMatch("0.0", "0", 0.05), { relaxed: 1, graded: 1 });
    assert.deepEqual(chartMatch("0.001", "0", 0.05), { relaxed: 0, graded: 0 });
  });
  it("takes a word for a number as wrong", () => assert.deepEqual(chartMatch("many", "100", 0.05), { relaxed: 0, graded: 0 }));
});
