import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evalReportSchema, evaluateScores } from "../../../src/evaluation/report/report.ts";
import { mixed, PROVENANCE, scoredPair, scoredRow, scorersCalled } from "../../support/scored-rows.ts";

const scores = (count: number, i: number) => [0, 1, 2].map((scorer) => Array.from({ length: count }, (_, k) => mixed(8 * i + k, scorer)));
const rows = [
  ...Array.from({ length: 30 }, (_, i) => scoredPair(0, 0, { scores: scores(2, i), subset: "pairs", language: i % 2 === 0 ? "en" : "zh" })),
  ...Array.from({ length: 12 }, (_, i) => scoredRow({ type: "ranked", ratings: [mixed(i, 7), mixed(i, 8), 0.5] }, scores(3, i))),
  ...Array.from({ length: 12 }, (_, i) =>
    scoredRow({ type: "rated", ratings: { fluency: mixed(i, 9) } }, scores(1, i), { file: "rated.jsonl" }),
  ),
];

describe("evaluateScores", () => {
  const report = evaluateScores({ scorers: scorersCalled("chat", "a", "b"), rows }, PROVENANCE);

  it("is what its schema documents, also after JSON", () => {
    const plain = JSON.parse(JSON.stringify(report));
    assert.deepEqual(evalReportSchema.parse(plain), plain);
  });

  it("fills every section that the labels speak of", () => {
    for (const key of ["accuracy", "margins", "calibration", "length", "correlations", "bestOf", "agreement"] as const) {
      assert.ok(report[key].length > 0, key);
    }
    assert.deepEqual(report.benchmarks, []);
    assert.deepEqual(report.languages, [
      { tag: "en", records: 15 },
      { tag: "zh", records: 15 },
    ]);
  });

  it("describes every number of its schema that is not plain by its name", () => {
    const described = JSON.stringify(evalReportSchema.toJSONSchema());
    for (const word of ["Wilson", "jackknife", "STARC", "nats", "tie"])
      assert.ok(described.toLowerCase().includes(word.toLowerCase()), word);
  });

  it("counts a missing score where it is missing, and takes it for no number", () => {
    const missing = [
      scoredPair(null, 1, {
        scores: [
          [null, 1],
          [2, 1],
          [null, null],
        ],
      }),
      scoredPair(1, 0, {
        scores: [
          [1, 0],
          [1, 0],
          [1, 0],
        ],
      }),
    ];
    const { scorers, accuracy } = evaluateScores({ scorers: scorersCalled("chat", "a", "b"), rows: missing }, PROVENANCE);
    assert.deepEqual(
      scorers.map((scorer) => scorer.missing),
      [1, 0, 2],
    );
    assert.deepEqual(
      accuracy.map(({ scorer, all }) => [scorer, all.n]),
      [
        ["chat", 1],
        ["a", 2],
        ["b", 1],
        ["longer", 2],
      ],
    );
  });

  it("takes sixty thousand pairs", () => {
    const many = Array.from({ length: 60_000 }, (_, i) =>
      scoredPair(2 * mixed(i) - 0.8, 0, { subset: `s${i % 5}`, lengths: [1 + (i % 97), 50] }),
    );
    const { accuracy, calibration } = evaluateScores({ scorers: scorersCalled("chat"), rows: many }, PROVENANCE);
    assert.equal(accuracy[0]!.all.n, 60_000);
    assert.ok(Math.abs(accuracy[0]!.all.accuracy - 0.6) < 0.01 && calibration[0]!.nll.low !== null);
  });
});
