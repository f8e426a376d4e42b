import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { worstErrors } from "../../../src/evaluation/report/errors.ts";
import { scoredByPanel, scoredPair, scoredRow, scorersCalled } from "../../support/scored-rows.ts";

describe("worstErrors", () => {
  it("lists what the panel has wrong, worst first, a row once, with every judge's margin", () => {
    const rows = [
      scoredPair(1, 0),
      scoredPair(0, 1, {
        id: "mild",
        scores: [
          [0, 1],
          [3, null],
        ],
      }),
      scoredRow(
        { type: "ranked", ratings: [3, 2, 1] },
        [
          [0, 1, 4],
          [1, 1, 1],
        ],
        { id: "bad", subset: "s" },
      ),
    ];
    const { compared } = worstErrors({
      scorers: scorersCalled("chat", "judge"),
      rows: [
        {
          ...rows[0]!,
          scores: [
            [1, 0],
            [0, 0],
          ],
        },
        ...rows.slice(1),
      ],
    });
    assert.deepEqual(
      compared.map(({ id, better, worse, margins, lengths, subset }) => ({ id, better, worse, margins, lengths, subset })),
      [
        { id: "bad", better: 0, worse: 2, margins: { chat: -4, judge: 0 }, lengths: [10, 30], subset: "s" },
        { id: "mild", better: 0, worse: 1, margins: { chat: -1, judge: null }, lengths: [10, 20], subset: null },
      ],
    );
  });

  it("lists at most twenty, and texts only where rows carry them", () => {
    const texts = { prompt: "p", candidates: ["a", "b"] };
    const rows = Array.from({ length: 30 }, (_, i) => scoredPair(0, 1 + i, i % 2 === 0 ? { texts } : {}));
    const { compared } = worstErrors(scoredByPanel(rows));
    assert.equal(compared.length, 20);
    assert.deepEqual([compared[0]!.texts, compared[1]!.texts], [undefined, texts]);
  });

  it("lists rated candidates by how far their rank is off", () => {
    const rows = [5, 1, 2, 3, 4].map((reward, i) => scoredRow({ type: "rated", ratings: { a: i, b: i } }, [reward], { id: `r${i}` }));
    const { rated } = worstErrors(scoredByPanel(rows));
    assert.deepEqual([rated[0]!.id, rated[0]!.rating, rated[0]!.rankGap], ["r0", 0, 0.8]);
    assert.equal(rated.length, 5);
  });
});
