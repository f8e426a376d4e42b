import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compareScores, type Side } from "../../../../src/evaluation/report/comparison.ts";
import { comparisonPage } from "../../../../src/evaluation/report/page/comparison.ts";
import type { ScoredRow } from "../../../../src/evaluation/report/rows.ts";
import { mixed, PROVENANCE, scoredPair, scoredRow, scorersCalled } from "../../../support/scored-rows.ts";
import { assertSelfContained, figuresOf } from "../../../support/static-page.ts";

const rows = (stream: number): ScoredRow[] => [
  ...Array.from({ length: 80 }, (_, i) =>
    scoredPair(0, 0, { id: `p${i}`, scores: [0, 1].map((scorer) => [mixed(i, stream + scorer), mixed(i, 9)]), subset: `s${i % 3}` }),
  ),
  ...Array.from({ length: 12 }, (_, i) =>
    scoredRow({ type: "rated", ratings: { fluency: mixed(i, 5) } }, [[mixed(i, stream)], [mixed(i, stream)]], { id: `r${i}` }),
  ),
];
const side = (config: string, own: readonly ScoredRow[], panel = PROVENANCE.panel): Side => ({
  config,
  scored: { scorers: scorersCalled("chat", "judge"), rows: own },
  provenance: { ...PROVENANCE, panel },
});

describe("comparisonPage", () => {
  const page = comparisonPage(
    compareScores(side("old.yaml", rows(1)), side("new.yaml", rows(20), { ...PROVENANCE.panel, revision: "def" })),
  );

  it("holds all it needs, and draws every figure with a table behind it", () => {
    assertSelfContained(page);
    assert.doesNotMatch(page, /NaN|undefined|Infinity/);
    const figures = figuresOf(page);
    assert.ok(figures.length >= 8, String(figures.length));
    for (const { title, svg, rows: own } of figures) {
      assert.ok([...svg.matchAll(/<(path|circle|rect|polyline)\b/g)].length > 2, `${title} is drawn`);
      assert.ok(own > 0, `${title} has a table`);
    }
  });

  it("opens with whether the difference matters, and calls sides by their configurations where panels are called alike", () => {
    assert.match(page, /<h1>chat of old\.yaml and chat of new\.yaml on pairs\.jsonl<\/h1>/);
    assert.match(
      page,
      /These labels show no difference\.<\/b> Accuracy moved by [+−]?\d+\.\d pp \(95 %: .*? to .*?; p [\d.< ]+\)\. \d+ of 80 verdicts changed/,
    );
  });

  it("says when both sides are the same, and when their values cannot be compared", () => {
    const same = comparisonPage(compareScores(side("a.yaml", rows(1)), side("a.yaml", rows(1))));
    assert.match(same, /they are the same panel/);
    assert.doesNotMatch(same, /NaN|undefined|Infinity/);
    const other = { ...PROVENANCE.panel, name: "strict", space: "logProbability" as const, revision: "def" };
    assert.match(
      comparisonPage(compareScores(side("a.yaml", rows(1)), side("a.yaml", rows(1), other))),
      /different spaces \(logit and logProbability\)/,
    );
  });
});
