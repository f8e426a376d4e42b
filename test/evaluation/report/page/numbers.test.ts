import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { count, fixed, percent, percentRange, points, pValue, range } from "../../../../src/evaluation/report/page/numbers.ts";

describe("numbers of the page", () => {
  it("have a true minus, and none before zero", () => {
    assert.deepEqual([fixed(-0.25, 2), fixed(-0.0001, 3), percent(-0.0004)], ["−0.25", "0.000", "0.0 %"]);
    assert.deepEqual([points(0.0312), points(-0.0312), points(-0.0001)], ["+3.1 pp", "−3.1 pp", "0.0 pp"]);
  });

  it("show that there is none", () => {
    assert.deepEqual([fixed(null), percent(undefined), range(null, 1), percentRange(0, null)], ["–", "–", "–", "–"]);
  });

  it("group thousands, and say of a tiny probability that it is one", () => {
    assert.deepEqual([count(1234567), pValue(0.00001), pValue(0.0412)], ["1,234,567", "< 0.001", "0.041"]);
    assert.equal(percentRange(0.5, 0.625), "50.0\u2009–\u200962.5 %");
  });
});
