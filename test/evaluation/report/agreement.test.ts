import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreements } from "../../../src/evaluation/report/agreement.ts";
import { mixed, scoredPair, scorersCalled } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

/** Four scorers: the panel, one that scales and shifts it by prompt, one that opposes it, and an objective. */
const rows = Array.from({ length: 40 }, (_, i) => {
  const [a, b] = [mixed(i), mixed(i, 1)];
  const shift = 9 * mixed(i, 2);
  return scoredPair(a, b, {
    scores: [
      [a, b],
      [2 * a + shift, 2 * b + shift],
      [-a, -b],
      [1, 1],
    ],
  });
});

describe("agreements", () => {
  const found = agreements({ scorers: scorersCalled("chat", "shifted", "contrary", "judge/objective"), rows });
  const find = (a: string, b: string) => found.find((pair) => pair.a === a && pair.b === b)!;

  it("compares each two of the panel and its members, and no objectives", () => {
    assert.deepEqual(
      found.map(({ a, b }) => `${a} ${b}`),
      ["chat shifted", "chat contrary", "shifted contrary"],
    );
  });

  it("finds no STARC distance between rewards that differ by scale and by what depends on the prompt alone, but EPIC distance", () => {
    const { starc, epic, sameVerdict, kappa, prompts, comparisons } = find("chat", "shifted");
    assert.ok(close(starc!, 0, 1e-7) && epic! > 0.3, `${starc} ${epic}`);
    assert.deepEqual([sameVerdict, kappa, prompts, comparisons], [1, 1, 40, 40]);
  });

  it("finds opposites opposite", () => {
    const { starc, sameVerdict, pearson, spearman, contradictory, redundant } = find("chat", "contrary");
    assert.deepEqual([sameVerdict, spearman, contradictory, redundant], [0, -1, true, true]);
    assert.ok(close(starc!, 1, 1e-12) && close(pearson!, -1, 1e-12));
  });

  it("has nothing to compare in a panel of one member", () => {
    assert.deepEqual(agreements({ scorers: scorersCalled("chat", "judge"), rows }), []);
  });

  it("takes no comparison for one of which a side has no score from either", () => {
    const gaps = (
      [
        [2, 1, 2, 1],
        [2, 1, null, 1],
        [2, null, 2, 1],
      ] as const
    ).map(([a, b, c, d]) =>
      scoredPair(a, b, {
        scores: [
          [a, b],
          [c, d],
          [2, 1],
        ],
      }),
    );
    const [pair] = agreements({ scorers: scorersCalled("chat", "a", "b"), rows: gaps });
    assert.deepEqual([pair!.n, pair!.comparisons, pair!.sameVerdict], [4, 1, 1]);
  });

  it("says null where nobody compared, and counts what both scored", () => {
    const lone = [scoredPair(1, 2, { labels: { type: "rated", ratings: { a: 1 } }, lengths: [1], scores: [[1], [2], [null]] })];
    const [pair, ...others] = agreements({ scorers: scorersCalled("chat", "a", "b"), rows: lone });
    assert.deepEqual([pair!.n, pair!.comparisons, pair!.sameVerdict, pair!.starc, pair!.pearson], [1, 0, null, null, null]);
    assert.deepEqual(others, []);
  });
});
