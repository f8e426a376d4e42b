import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mcnemarExact } from "../../../src/evaluation/paired-difference.ts";
import { compareReportSchema, compareScores, type Side } from "../../../src/evaluation/report/comparison.ts";
import type { ScoredRow } from "../../../src/evaluation/report/rows.ts";
import { mixed, PROVENANCE, scoredPair, scoredRow, scorersCalled } from "../../support/scored-rows.ts";
import { close } from "../../support/vectors.ts";

const side = (rows: readonly ScoredRow[], ...names: string[]): Side => ({
  config: "rewardgate.yaml",
  scored: { scorers: scorersCalled("chat", ...names), rows },
  provenance: PROVENANCE,
});

/** Pairs on which A is right with a probability of .6, and B too, but on other pairs. */
const base = Array.from({ length: 200 }, (_, i) => scoredPair(mixed(i) < 0.6 ? 1 : -1, 0, { subset: i % 2 === 0 ? "even" : "odd" }));
const changed = base.map((row, i) => (mixed(i, 1) < 0.25 ? { ...row, scores: [[1.5, 0]] } : row));

describe("compareScores", () => {
  const report = compareScores(side(base), side(changed));
  const panel = report.scorers[0]!;

  it("tells which verdicts changed and whether the difference matters", () => {
    const rightA = base.map(({ scores }) => scores[0]![0]! > 0);
    const rightB = changed.map(({ scores }) => scores[0]![0]! > 0);
    const count = (a: boolean, b: boolean) => rightA.filter((right, i) => right === a && rightB[i] === b).length;
    assert.deepEqual(panel.flips, { bothRight: count(true, true), onlyA: 0, onlyB: count(false, true), neither: count(false, false) });
    const { all } = panel.accuracy!;
    assert.equal(all.p, mcnemarExact(0, count(false, true)));
    assert.ok(all.low > 0 && all.verdict === "b-better" && close(all.difference, count(false, true) / 200, 1e-12));
    assert.deepEqual(
      panel.accuracy!.subsets.map(({ name, n }) => [name, n]),
      [
        ["even", 100],
        ["odd", 100],
      ],
    );
  });

  it("tells how scores moved, and lists what moved most", () => {
    const moved = base.map((row, i) => changed[i]!.scores[0]![0]! - row.scores[0]![0]!);
    assert.deepEqual([panel.n, panel.change.largest], [400, 2.5]);
    assert.equal(panel.identical, 200 + moved.filter((change) => change === 0).length);
    assert.ok(close(panel.change.mean, moved.reduce((total, change) => total + change, 0) / 400, 1e-12));
    const largest = report.moved.map(({ a, b }) => b - a);
    const most = moved.toSorted((x, y) => y - x).slice(0, 20);
    assert.deepEqual(largest, most);
  });

  it("finds no difference between a panel and itself", () => {
    const { scorers, moved } = compareScores(side(base), side(base));
    const { accuracy, change, starc, spearman, identical, n } = scorers[0]!;
    assert.deepEqual([accuracy!.all.difference, accuracy!.all.p, accuracy!.all.verdict], [0, 1, "no-difference-shown"]);
    assert.deepEqual([change.largest, starc, spearman, identical === n, moved.length], [0, 0, 1, true, 0]);
  });

  it("pairs rows by file, id, prompt and labels, whatever their order, and leaves out what one side lacks", () => {
    const { rows, scorers } = compareScores(side(base), side([...base].reverse().slice(10)));
    assert.deepEqual([rows, scorers[0]!.identical], [190, 380]);
    const twice = [base[0]!, base[0]!];
    assert.equal(compareScores(side(twice), side([base[0]!])).rows, 1);
  });

  it("compares members and objectives that both sides have", () => {
    const rows = [
      scoredPair(1, 0, {
        scores: [
          [1, 0],
          [2, 0],
          [3, 1],
        ],
      }),
    ];
    const names = compareScores(side(rows, "judge", "judge/a"), side(rows, "other", "judge/a")).scorers.map(({ scorer }) => scorer);
    assert.deepEqual(names, ["panel", "judge/a"]);
  });

  it("sets rank correlations with ratings side by side, and counts missing scores on either side", () => {
    const of = (scores: readonly (number | null)[]) =>
      scores.map((score, i) => scoredRow({ type: "rated", ratings: { a: i } }, [score], { id: `r${i}` }));
    const { scorers } = compareScores(side(of([1, 2, 3, null])), side(of([3, 2, 1, 4])));
    assert.deepEqual(scorers[0]!.ratings, [{ file: "pairs.jsonl", rating: "a", n: 3, a: 1, b: -1 }]);
    assert.deepEqual([scorers[0]!.onlyA, scorers[0]!.onlyB, scorers[0]!.accuracy], [0, 1, null]);
  });

  it("takes the sign test where a prompt has several comparisons", () => {
    const rows = (better: number) =>
      Array.from({ length: 12 }, (_, i) => scoredRow({ type: "ranked", ratings: [2, 1, 0] }, [better, 1, 0], { id: `r${i}` }));
    const { all } = compareScores(side(rows(0.5)), side(rows(2))).scorers[0]!.accuracy!;
    assert.deepEqual([all.n, all.prompts, all.onlyB, all.p], [36, 12, 12, mcnemarExact(0, 12)]);
  });

  it("is what its schema documents", () => {
    assert.deepEqual(compareReportSchema.parse(JSON.parse(JSON.stringify(report))), JSON.parse(JSON.stringify(report)));
  });
});
