import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluationPage } from "../../../../src/evaluation/report/page/evaluation.ts";
import { evaluateScores } from "../../../../src/evaluation/report/report.ts";
import type { ScoredRow } from "../../../../src/evaluation/report/rows.ts";
import { mixed, PROVENANCE, scoredPair, scoredRow, scorersCalled } from "../../../support/scored-rows.ts";
import { assertSelfContained, figuresOf } from "../../../support/static-page.ts";

const NAMES = ["chat", "first", "second", "first/helpfulness"];
const scores = (count: number, i: number) =>
  NAMES.map((_, scorer) => Array.from({ length: count }, (_, k) => mixed(8 * i + k, scorer) - k / 4));
const pairs = Array.from({ length: 60 }, (_, i) =>
  scoredPair(0, 0, {
    scores: scores(2, i),
    subset: i % 2 === 0 ? "chat-easy" : "chat-hard",
    language: i % 3 === 0 ? "zh" : "en",
    lengths: [i, 30],
  }),
);
const ranked = Array.from({ length: 20 }, (_, i) =>
  scoredRow({ type: "ranked", ratings: [mixed(i, 7), mixed(i, 8), 0.5, 0.1] }, scores(4, i)),
);
const rated = Array.from({ length: 20 }, (_, i) =>
  scoredRow({ type: "rated", ratings: { fluency: mixed(i, 9), relevance: mixed(i, 6) } }, scores(1, i), { file: "rated.jsonl" }),
);
const files = ["pairs.jsonl", "rated.jsonl"].map((name) => ({ name, records: 10, sha256: null }));
const pageOf = (rows: readonly ScoredRow[], more = {}) =>
  evaluationPage(evaluateScores({ scorers: scorersCalled(...NAMES), rows }, { ...PROVENANCE, files, ...more }));

describe("evaluationPage", () => {
  const page = pageOf([...pairs, ...ranked, ...rated]);

  it("holds all it needs", () => assertSelfContained(page));

  it("draws every section that has something to show, each figure with a table behind it", () => {
    const sections = [...page.matchAll(/<section id="(.*?)">/g)].map(([, id]) => id);
    assert.deepEqual(sections, [
      "accuracy",
      "correlation",
      "benchmarks",
      "margins",
      "calibration",
      "length",
      "best-of-n",
      "agreement",
      "errors",
    ]);
    const figures = figuresOf(page);
    assert.ok(figures.length >= 20, String(figures.length));
    for (const { title, svg, rows } of figures) {
      assert.ok([...svg.matchAll(/<(path|circle|rect|polyline)\b/g)].length > 3, `${title} is drawn`);
      assert.ok(rows > 0, `${title} has a table`);
    }
  });

  it("opens with the finding, its uncertainty, and the baseline it has to beat", () => {
    assert.match(
      page,
      /The panel orders <b>\d+\.\d %<\/b> of \d+ comparisons as people did \(95 %: .*?\)\. It .*? preferring the (longer|shorter) candidate/,
    );
    assert.match(page, /Chinese \(zh\)/);
  });

  it("escapes names that come from files and configurations", () => {
    const rows = [
      scoredPair(0, 1, { scores: scores(2, 3).map(([a]) => [a!, a! + 1]), id: "<img src=x onerror=alert(1)>", subset: '"><script>' }),
    ];
    const hostile = pageOf(rows, { panel: { ...PROVENANCE.panel, name: "chat", description: "<script>alert(1)</script>" } });
    assertSelfContained(hostile.replaceAll("onerror=alert", ""));
    assert.match(hostile, /&lt;img src=x onerror=alert\(1\)&gt;/);
  });

  it("shows texts of errors only where rows carry them", () => {
    const wrong = scores(2, 5).map(() => [0, 1]);
    assert.doesNotMatch(pageOf([scoredPair(0, 1, { scores: wrong })]), /<pre>/);
    const texts = { prompt: "the prompt", candidates: ["the better one", "the worse one"] };
    assert.match(
      pageOf([scoredPair(0, 1, { scores: wrong, texts })]),
      /People prefer<pre>the better one<\/pre>chat prefers<pre>the worse one<\/pre>/,
    );
  });

  it("warns of what should not be overlooked", () => {
    const same = pairs.map((row) => ({ ...row, scores: [row.scores[0]!, row.scores[1]!, row.scores[1]!, [null, null]] }));
    const counts = {
      ...PROVENANCE.counts,
      failed: ["a", "b"],
      reasons: [{ reason: "SCORE_NOT_FINITE", records: 2, example: "the score is NaN" }],
    };
    const warned = [...pageOf(same, { complete: false, counts }).matchAll(/<p class="warn">(.*?)<\/p>/g)].map(([, text]) => text!);
    assert.equal(warned.length, 4);
    for (const [i, pattern] of [
      /interrupted/,
      /2 records could not be read.* 2 × SCORE_NOT_FINITE, such as: the score is NaN/,
      /first\/helpfulness has no score for 120 candidates/,
      /first and second say nearly the same.*1\.00/,
    ].entries()) {
      assert.match(warned[i]!, pattern);
    }
  });

  it("stands with one rated candidate, of which nothing can be said", () => {
    const lone = pageOf([
      scoredRow(
        { type: "rated", ratings: { fluency: 1 } },
        NAMES.map(() => [0.5]),
      ),
    ]);
    assertSelfContained(lone);
    assert.doesNotMatch(lone, /NaN|undefined|Infinity/);
  });

  it("stands whatever the labels, and however many scores are missing or equal", () => {
    const score = fc.option(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })), { nil: null });
    const labelled = fc.oneof(
      fc.constant({ labels: { type: "pair" as const }, size: 2 }),
      fc
        .integer({ min: 1, max: 5 })
        .chain((size) =>
          fc
            .array(fc.integer({ min: 0, max: 2 }), { minLength: size, maxLength: size })
            .map((ratings) => ({ labels: { type: "ranked" as const, ratings }, size })),
        ),
      fc
        .dictionary(fc.constantFrom("fluency", "relevance"), fc.integer({ min: 0, max: 3 }))
        .map((ratings) => ({ labels: { type: "rated" as const, ratings }, size: 1 })),
    );
    const row = labelled.chain(({ labels, size }) =>
      fc
        .record({
          columns: fc.array(fc.array(score, { minLength: size, maxLength: size }), { minLength: NAMES.length, maxLength: NAMES.length }),
          lengths: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: size, maxLength: size }),
          prompt: fc.constantFrom("a", "b", "c", "d", "e", "f"),
          subset: fc.option(fc.constantFrom("chat-easy", "Ties", "mt-bench-hard"), { nil: undefined }),
          language: fc.option(fc.constantFrom("en", "zh", "xx"), { nil: undefined }),
          id: fc.constantFrom("ref:1", "tied:1", "other"),
        })
        .map(({ columns, ...more }) => scoredRow(labels, columns, more)),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
        const page = pageOf(rows, { files: [{ name: "pairs.jsonl", records: rows.length, sha256: null }] });
        assertSelfContained(page);
        assert.doesNotMatch(page, /NaN|undefined|Infinity/);
        for (const { title, svg, rows: own } of figuresOf(page)) assert.ok(svg !== "" && own > 0, title);
      }),
      { numRuns: 40 },
    );
  });

  it("writes no number that is none", () => assert.doesNotMatch(page, /NaN|undefined|Infinity/));
});
