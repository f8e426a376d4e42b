import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { spearman } from "../../../src/reward/correlation.ts";
import { fitPenalties, PENALTY_GRID } from "../../../src/reward/objectives/verbosity-penalties.ts";

const search = { verbosityIndex: 1, threshold: 0.03, grid: PENALTY_GRID };
const row = fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }));

describe("fitPenalties(rows, search)", () => {
  it("brings the correlation with verbosity under the threshold, unless no penalty of the grid does", () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 5, maxLength: 15 }), (rows) => {
        const { penalties, undetermined } = fitPenalties(rows, search);
        if (undetermined.includes(0) || penalties[0] === 1) return;
        const verbosity = rows.map((r) => r[1]);
        const left = spearman(
          rows.map((r) => r[0] - penalties[0]! * r[1]),
          verbosity,
        );
        assert.ok((left ?? 0) <= search.threshold);
      }),
    );
  });

  it("leaves an objective without a defined correlation as it is, and says so", () => {
    const constant = fitPenalties(
      [
        [5, 1],
        [5, 2],
        [5, 3],
      ],
      search,
    );
    assert.deepEqual([[...constant.penalties], constant.undetermined], [[0, 1], [0]]);
    const few = fitPenalties(
      [
        [1, 1],
        [2, 2],
      ],
      search,
    );
    assert.deepEqual(
      [[...few.penalties], few.undetermined],
      [
        [0, 0],
        [0, 1],
      ],
    );
  });

  it("drops rows that lack an objective", () => {
    const rows = [
      [1, 3],
      [2, 2],
      [3, 1],
      [null, 9],
    ];
    assert.deepEqual({ ...fitPenalties(rows, search), penalties: undefined }, { penalties: undefined, undetermined: [], dropped: 1 });
    assert.equal(fitPenalties(rows, search).penalties[0], 0);
  });
});
