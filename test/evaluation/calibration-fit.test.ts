import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CalibrationTarget, type FitOptions, fitCalibration, toCalibration } from "../../src/evaluation/calibration-fit.ts";
import type { LabelledPrompt } from "../../src/evaluation/labelled-prompts.ts";
import { uniformOf } from "../../src/evaluation/seeded.ts";
import { sigmoid } from "../../src/reward/numerics.ts";
import { close } from "../support/vectors.ts";

const PAIRS: CalibrationTarget = { labels: "pairs", minGap: 0 };
const GOOD: CalibrationTarget = { labels: "good", goodFrom: 5.5 };
const options = (method: string, target: CalibrationTarget = PAIRS): FitOptions => ({ method, target, spaceIn: "logit", seed: 0 });

/** Pairs whose labels follow σ(slope · margin), each prompt with a level of its own that labels know nothing of. */
function pairs(count: number, slope: number): LabelledPrompt[] {
  const drawn = (i: number, what: string) => uniformOf(9, `${i} ${what}`);
  return Array.from({ length: count }, (_, i) => {
    const level = 6 * drawn(i, "level") - 3;
    const scores = ["a", "b"].map((side) => level + 4 * drawn(i, side) - 2);
    const firstWins = drawn(i, "label") < sigmoid(slope * (scores[0]! - scores[1]!));
    return { id: `${i}`, group: `${i}`, candidates: scores.map((score) => ({ score })), preference: firstWins ? [0, 1] : [1, 0] };
  });
}

/** Candidates rated 2 · score + 5, on a grid. */
const rated: LabelledPrompt[] = Array.from({ length: 300 }, (_, i) => ({
  id: `${i}`,
  group: `${i}`,
  candidates: [{ score: i / 100, onto: 10 + i, rating: (2 * i) / 100 + 5 }],
}));

/** The same prompts from a judge that scores them otherwise. */
const scored = (prompts: readonly LabelledPrompt[], scoreOf: (score: number, prompt: number) => number): LabelledPrompt[] =>
  prompts.map((prompt, i) => ({ ...prompt, candidates: prompt.candidates.map((each) => ({ ...each, score: scoreOf(each.score, i) })) }));

describe("fitCalibration(prompts, options)", () => {
  const many = pairs(6_000, 0.5);

  it("finds the slope that made the labels, by each method of pairs, although every prompt has its own level", () => {
    const { params, spaceOut } = fitCalibration(many, options("temperature"));
    assert.ok(Math.abs((params.temperature as number) - 2) < 0.2, `${params.temperature}`);
    assert.equal(spaceOut, "logit");
    for (const [method, space] of [
      ["affine", "logit"],
      ["platt", "probability"],
    ] as const) {
      const fitted = fitCalibration(many, options(method));
      assert.ok(Math.abs((fitted.params.slope as number) - 0.5) < 0.05, method);
      assert.equal(fitted.spaceOut, space);
    }
    const bend = toCalibration(fitCalibration(many, options("isotonic")));
    assert.ok(Math.abs(bend.apply(2) - bend.apply(-2) - 2) < 0.4);
  });

  it("puts the median score in the middle: 0 in log-odds, one half as a probability", () => {
    const moved = many.map((prompt) => ({ ...prompt, candidates: prompt.candidates.map(({ score }) => ({ score: score + 40 })) }));
    const median = [...moved.flatMap(({ candidates }) => candidates.map(({ score }) => score))].sort((a, b) => a - b)[6_000]!;
    for (const [method, middle] of [
      ["affine", 0],
      ["isotonic", 0],
      ["platt", 0.5],
    ] as const) {
      assert.ok(Math.abs(toCalibration(fitCalibration(moved, options(method))).apply(median) - middle) < 1e-3, method);
    }
  });

  it("fits ratings by a line, and by steps that never fall", () => {
    const line = fitCalibration(rated, options("affine", { labels: "ratings" }));
    assert.ok(close(line.params.slope as number, 2, 1e-9) && close(line.params.intercept as number, 5, 1e-9));
    assert.equal(line.spaceOut, "native");
    const steps = toCalibration(fitCalibration(rated, options("isotonic", { labels: "ratings" })));
    assert.ok(close(steps.apply(1.5), 8, 1e-9));
  });

  it("fits the probability of good where a rating says from when on", () => {
    const good = { labels: "good", goodFrom: 8 } as const;
    for (const method of ["platt", "isotonic"]) {
      const fitted = fitCalibration(rated, options(method, good));
      const calibration = toCalibration(fitted);
      assert.equal(fitted.spaceOut, "probability");
      assert.ok(calibration.apply(2.5) > 0.9 && calibration.apply(0.5) < 0.1, method);
    }
  });

  it("takes reference scores from the data without any label, 1,001 quantiles of many", () => {
    const reference = (method: string, from: LabelledPrompt[]) => fitCalibration(from, options(method)).params.reference as number[];
    assert.deepEqual(
      reference("cdf", rated),
      Array.from({ length: 300 }, (_, i) => i / 100),
    );
    const grid = reference("zscore", many);
    assert.equal(grid.length, 1_001);
    const all = many.flatMap(({ candidates }) => candidates.map(({ score }) => score));
    assert.deepEqual([grid[0], grid.at(-1)], [Math.min(...all), Math.max(...all)]);
    const map = fitCalibration(rated, { ...options("quantileMap"), ontoSpace: "native" });
    assert.ok(Math.abs(toCalibration(map).apply(1.5) - 160) < 0.01);
    assert.equal(map.spaceOut, "native");
  });

  for (const [what, prompts, given, says] of [
    ["too few pairs", pairs(19, 1), options("temperature"), /19 labelled items are too few to fit on: label at least 20/],
    ["too few pairs for platt", pairs(19, 1), options("platt"), /19 pairs are too few to fit on: label at least 20/],
    ["too few pairs for steps", pairs(199, 1), options("isotonic"), /199 labelled pairs are too few to fit on: label at least 200/],
    ["too few reference scores", pairs(9, 1), options("cdf"), /18 scores are too few/],
    ["a judge that errs more often than not", pairs(500, -1), options("temperature"), /scores fall as labels rise/],
    ["the same for platt", pairs(500, -1), options("platt"), /scores fall as labels rise/],
    ["the same for steps", pairs(500, -100), options("isotonic"), /scores fall as labels rise, or do not move/],
    [
      "steps down from ratings",
      scored(rated, (score) => -score),
      options("isotonic", { labels: "ratings" }),
      /every candidate would get the same score/,
    ],
    ["steps down from good", scored(rated, (score) => -score), options("isotonic", GOOD), /scores fall as labels rise, or do not move/],
    ["one score for every candidate", scored(rated, () => 1), options("platt", GOOD), /every candidate scores the same/],
    ["the same in steps", scored(rated, () => 1), options("isotonic", GOOD), /every candidate would get the same score/],
    ...["temperature", "affine", "platt"].map(
      (method) =>
        [
          `one score for both sides of each pair, by ${method}`,
          scored(pairs(500, 1), (_, i) => i),
          options(method),
          /both sides of every pair score the same/,
        ] as const,
    ),
    ["the same by steps", scored(pairs(500, 1), (_, i) => i), options("isotonic"), /every candidate would get the same score/],
    [
      "a method that such labels cannot fit",
      rated,
      options("temperature", { labels: "ratings" }),
      /temperature cannot be fitted to ratings; these can: affine, isotonic/,
    ],
    [
      "a judge that gives no logits",
      pairs(50, 1),
      { ...options("temperature"), spaceIn: "native" },
      /temperature takes logit and the judge gives native: use another/,
    ],
    ["a quantile map to nowhere", rated, options("quantileMap"), /a quantile map leads to the scale of another judge/],
    [
      "reference scores without spread",
      rated.map((p) => ({ ...p, candidates: [{ score: 1 }] })),
      options("cdf"),
      /cdf: every reference score is the same/,
    ],
    [
      "a quantile map to one score",
      scored(rated, (_, i) => i).map((p) => ({ ...p, candidates: p.candidates.map((each) => ({ ...each, onto: 1 })) })),
      { ...options("quantileMap"), ontoSpace: "native" },
      /quantileMap: every reference score is the same/,
    ],
    [
      "ratings of one class only",
      rated,
      options("platt", { labels: "good", goodFrom: 100 }),
      /every label is 0: a calibration needs good and bad items/,
    ],
  ] as readonly [string, LabelledPrompt[], FitOptions, RegExp][]) {
    it(`refuses ${what}`, () => {
      assert.throws(() => fitCalibration(prompts, given), { name: "GatewayError", reason: "REQUEST_INVALID", message: says });
    });
  }
});
