import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Calibration } from "../../src/domain/reward.ts";
import { logOdds, measureCalibration, type QualityOptions } from "../../src/evaluation/calibration-quality.ts";
import type { LabelledPrompt } from "../../src/evaluation/labelled-prompts.ts";
import { uniformOf } from "../../src/evaluation/seeded.ts";
import { sigmoid } from "../../src/reward/numerics.ts";
import { close } from "../support/vectors.ts";

const OPTIONS: QualityOptions = { target: { labels: "pairs", minGap: 0 }, bins: 10, bootstrap: { seed: 0, samples: 300 } };
const divideBy = (t: number): Calibration => ({
  method: "temperature",
  spaceIn: "logit",
  spaceOut: "logit",
  revision: "",
  apply: (x) => x / t,
});

/** Pairs of a judge whose margins are `overconfidence` times too large. */
function pairs(count: number, overconfidence: number): LabelledPrompt[] {
  return Array.from({ length: count }, (_, i) => {
    const margin = 4 * uniformOf(5, `${i} margin`) - 2;
    const firstWins = uniformOf(5, `${i} label`) < sigmoid(margin);
    const candidates = [{ score: overconfidence * margin }, { score: 0 }];
    return { id: `${i}`, group: `${i}`, candidates, preference: firstWins ? [0, 1] : [1, 0] };
  });
}

const measureOne = (calibration: Calibration, prompts: LabelledPrompt[], options: QualityOptions) =>
  measureCalibration([{ calibration, prompts }], options);
const named = (quality: ReturnType<typeof measureCalibration>) => Object.fromEntries(quality.measures.map((each) => [each.measure, each]));

describe("measureCalibration(calibration, heldOut, options)", () => {
  it("agrees with figures worked out by hand", () => {
    // Margins ln 3 and 0 give the favoured side ¾ and ½; it is right in 15 of 20 and in 10 of 20.
    const rows = Array.from({ length: 40 }, (_, i): LabelledPrompt => {
      const right = i < 20 ? i < 15 : i < 30;
      const candidates = [{ score: i < 20 ? Math.log(3) : 0 }, { score: 0 }];
      return { id: `${i}`, group: `${i}`, candidates, preference: right ? [0, 1] : [1, 0] };
    });
    const { nll, ece, brier, accuracy } = named(measureOne(divideBy(1), rows, OPTIONS));
    assert.ok(close(nll!.before.value, (15 * Math.log(4 / 3) + 5 * Math.log(4) + 20 * Math.LN2) / 40, 1e-12));
    assert.ok(close(brier!.before.value, (15 / 16 + 5 * (9 / 16) + 20 / 4) / 40, 1e-12));
    assert.equal(accuracy!.before.value, 25 / 40);
    // The ties weigh 20 of 40; which of them count as right is drawn, ½ is expected.
    assert.ok(ece!.before.value <= 0.5 * 0.25);
  });

  it("sees that dividing an overconfident judge's scores helps, and that it helps no more than it does", () => {
    const { nll, ece, adaptiveEce, brier, accuracy } = named(measureOne(divideBy(4), pairs(1_500, 4), OPTIONS));
    for (const { change, before, after } of [nll!, ece!, adaptiveEce!, brier!]) {
      assert.ok(change.high < 0 && after.value < before.value);
      assert.ok(close(change.value, after.value - before.value, 1e-12));
      assert.ok(before.low <= before.value && before.value <= before.high + 0.02);
    }
    assert.ok(ece!.before.value > 0.1 && ece!.after.value < 0.04);
    assert.deepEqual(accuracy!.before, accuracy!.after);
  });

  it("says what ECE chance alone shows: about that of a judge that is exactly right, and more on fewer pairs", () => {
    const few = measureOne(divideBy(1), pairs(100, 1), OPTIONS);
    const many = measureOne(divideBy(1), pairs(3_000, 1), OPTIONS);
    assert.ok(few.eceFloor! > 2 * many.eceFloor!);
    assert.ok(Math.abs(named(many).ece!.after.value - many.eceFloor!) < 0.015);
  });

  it("gives intervals that grow when pairs share their prompts' opening", () => {
    const own = pairs(400, 1);
    const shared = own.map((prompt, i) => ({ ...prompt, group: `${i % 20}` }));
    const repeated = own.map((_, i) => ({ ...own[i % 20]!, id: `${i}`, group: `${i % 20}` }));
    const width = (rows: LabelledPrompt[]) => {
      const { low, high } = named(measureOne(divideBy(1), rows, OPTIONS)).nll!.before;
      return high - low;
    };
    assert.ok(width(repeated) > 2 * width(own));
    assert.equal(measureOne(divideBy(1), shared, OPTIONS).groups, 20);
  });

  it("measures probabilities of good against labels, and predicted ratings in their own unit", () => {
    const rated: LabelledPrompt[] = Array.from({ length: 200 }, (_, i) => ({
      id: `${i}`,
      group: `${i}`,
      candidates: [{ score: i / 100, rating: i / 100 + 1 }],
    }));
    const halves: Calibration = {
      method: "platt",
      spaceIn: "logit",
      spaceOut: "probability",
      revision: "",
      apply: (x) => (x >= 1 ? 1 : 0),
    };
    const good = named(measureOne(halves, rated, { ...OPTIONS, target: { labels: "good", goodFrom: 2 } }));
    assert.ok(good.ece!.after.value < 1e-9 && good.accuracy!.after.value === 1 && good.accuracy!.before.value === 0.5025);
    const up: Calibration = { method: "affine", spaceIn: "logit", spaceOut: "native", revision: "", apply: (x) => x + 1 };
    const ratings = measureOne(up, rated, { ...OPTIONS, target: { labels: "ratings" } });
    const { rmse, calibrationError } = named(ratings);
    assert.ok(close(rmse!.before.value, 1, 1e-12) && rmse!.after.value < 1e-12);
    assert.ok(close(calibrationError!.before.value, 1, 1e-12) && calibrationError!.after.value < 1e-12);
    assert.equal(ratings.eceFloor, undefined);
  });

  it("measures the folds of a cross-validation together, each under its own map", () => {
    const rows = pairs(200, 2);
    const folds = [rows.slice(0, 120), rows.slice(120)];
    const [right, wrong] = [divideBy(2), divideBy(1)];
    const parts = folds.map((prompts) => ({ calibration: right, prompts }));
    assert.deepEqual(measureCalibration(parts, OPTIONS), measureOne(right, rows, OPTIONS));
    const mixed = named(measureCalibration([parts[0]!, { calibration: wrong, prompts: folds[1]! }], OPTIONS)).nll!;
    const alone = folds.map((prompts, i) => named(measureOne(i === 0 ? right : wrong, prompts, OPTIONS)).nll!.after.value);
    assert.ok(close(mixed.after.value, 0.6 * alone[0]! + 0.4 * alone[1]!, 1e-12));
  });

  it("refuses to measure on fewer than 20 pairs", () => {
    assert.throws(
      () => measureOne(divideBy(1), pairs(19, 1), OPTIONS),
      /19 pairs are held out, too few to measure on: hold out at least 20/,
    );
  });
});

describe("logOdds(space, score)", () => {
  it("is the inverse of what each space says of log-odds", () => {
    for (const z of [-20, -1, 0, 3]) {
      assert.equal(logOdds("logit", z), z);
      assert.ok(close(logOdds("probability", sigmoid(z)), z, 1e-6));
      assert.ok(close(logOdds("logProbability", -Math.log1p(Math.exp(-z))), z, 1e-6));
    }
    assert.ok(Number.isFinite(logOdds("probability", 1)) && Number.isFinite(logOdds("logProbability", 0)));
    assert.equal(logOdds("native", 4), 4);
  });
});
