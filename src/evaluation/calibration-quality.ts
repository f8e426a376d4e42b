import { GatewayError } from "../domain/errors.ts";
import type { Calibration } from "../domain/reward.ts";
import type { ScoreSpace } from "../domain/score-space.ts";
import { adaptiveEce, confidenceReliability, reliability } from "../reward/calibration/reliability.ts";
import { sigmoid, softplus, sum } from "../reward/numerics.ts";
import { type BootstrapOptions, basicInterval, resample } from "./bootstrap.ts";
import type { CalibrationTarget } from "./calibration-fit.ts";
import { calibrationFloor } from "./calibration-floor.ts";
import { clusterInterval, type Interval, wilson } from "./intervals.ts";
import { type GroupedPair, type GroupedRating, type LabelledPrompt, pairsWithin, ratingsOf } from "./labelled-prompts.ts";

/** A figure and its interval of 95 %. */
export type Figure = { readonly value: number } & Interval;

/** One measure before and after a calibration, on the same data. */
export interface MeasuredChange {
  /** `nll`, `ece`, `adaptiveEce`, `brier`, `accuracy`; of ratings `rmse` and `calibrationError`. Lower is better, but for accuracy. */
  readonly measure: string;
  readonly before: Figure;
  readonly after: Figure;
  /** after − before, with an interval from samples that both share. */
  readonly change: Figure;
}

/** How well scores fit their labels, before and after. */
export interface CalibrationQuality {
  /** Pairs, or candidates. */
  readonly n: number;
  /** Groups of prompts that the samples of the intervals are drawn from. */
  readonly groups: number;
  readonly measures: readonly MeasuredChange[];
  /**
   * ECE that probabilities like those after the calibration would show on as many labels if they were exactly right. An ECE near it
   * cannot be told from none. Absent for ratings.
   */
  readonly eceFloor?: number;
}

/** A map, and prompts that it was not fitted on. */
export interface HeldOutPart {
  readonly calibration: Calibration;
  readonly prompts: readonly LabelledPrompt[];
}

/** How figures are taken. */
export interface QualityOptions {
  readonly target: CalibrationTarget;
  readonly bins: number;
  readonly bootstrap: BootstrapOptions;
}

type Labelled = GroupedPair | GroupedRating;

/** A score or a pair under one map: what it predicts and what is right. */
interface Predictions {
  readonly values: Float64Array;
  readonly labels: Float64Array;
  /** Natural log loss of each; empty for ratings. */
  readonly losses: Float64Array;
}

/** Least distance of a probability from 0 and 1 when it becomes log-odds. */
const EDGE = 1e-12;

/**
 * Log-odds that a score stands for. A score that is no probability and no logit, such as a rating, a rank or a number of
 * standard deviations, is read as log-odds: this is what a Bradley–Terry trainer makes of it.
 *
 * @complexity O(1), pure
 * @example logOdds("probability", 0.5) // → 0
 */
export function logOdds(space: ScoreSpace, score: number): number {
  if (space === "probability" || space === "unit") {
    const p = Math.min(1 - EDGE, Math.max(EDGE, score));
    return Math.log(p) - Math.log1p(-p);
  }
  if (space === "logProbability") return score - Math.log(Math.max(EDGE, -Math.expm1(score)));
  return score;
}

/**
 * Measures a calibration on prompts that it was not fitted on, beside the raw scores.
 *
 * Of a pair, the probability that the first side is better is σ of the difference of the log-odds of both scores, and every
 * measure treats the two orders alike: the ECE is that of the confidence max(p, 1 − p) in the favoured side, over bins on
 * [½, 1]; a tie counts ½ in the accuracy. Of good and bad candidates it is the log-odds of the one score, over bins on [0, 1].
 * Intervals come from bootstrap samples of whole groups; that of the accuracy is Wilson's where each group has one pair.
 *
 * @param parts one, or the folds of a cross-validation: their predictions are measured together
 * @throws {GatewayError} REQUEST_INVALID when fewer than 20 labels are held out: figures of fewer say nothing
 * @complexity O(samples · n log n), decided by the seed
 */
export function measureCalibration(parts: readonly HeldOutPart[], { target, bins, bootstrap }: QualityOptions): CalibrationQuality {
  const itemsOf = (prompts: readonly LabelledPrompt[]): readonly Labelled[] =>
    target.labels === "pairs" ? pairsWithin(prompts, target.minGap, bootstrap.seed) : ratingsOf(prompts);
  const held = parts.map(({ calibration, prompts }) => ({ calibration, items: itemsOf(prompts) }));
  const items = held.flatMap((part) => part.items);
  if (items.length < LEAST_HELD_OUT) {
    const what = target.labels === "pairs" ? "pairs" : "labelled candidates";
    throw new GatewayError(
      "REQUEST_INVALID",
      `${items.length} ${what} are held out, too few to measure on: hold out at least ${LEAST_HELD_OUT}`,
    );
  }
  const before = joined(held.map((part) => predict(part.items, (score) => score, part.calibration.spaceIn, target)));
  const after = joined(
    held.map(({ items, calibration }) => predict(items, (score) => calibration.apply(score), calibration.spaceOut, target)),
  );
  const all = items.map((_, i) => i);
  const clusters = groupsOf(items);
  const measures = target.labels === "ratings" ? ratingMeasures(bins) : probabilityMeasures(bins, target.labels === "pairs");
  const samples = resample(clusters, (drawn) => measures.map(({ of }) => [of(before, drawn), of(after, drawn)] as const), bootstrap);
  return {
    n: items.length,
    groups: clusters.length,
    measures: measures.map(({ measure, of }, m) => {
      const [old, now] = [of(before, all), of(after, all)];
      const spread = (value: number, each: (pair: readonly [number, number]) => number, least = 0): Figure => {
        const { low, high } = basicInterval(
          value,
          samples.map((sample) => each(sample[m]!)),
        );
        // Where resampling pushes a figure up, the interval lies below it; one without its figure would read as a mistake.
        return { value, low: Math.max(least, Math.min(value, low)), high: Math.max(value, high) };
      };
      const figure = (value: number, side: 0 | 1): Figure =>
        measure === "accuracy"
          ? { value, ...accuracyInterval(side === 0 ? before : after, clusters, target) }
          : spread(value, (pair) => pair[side]);
      const change = spread(now - old, ([was, is]) => is - was, -Infinity);
      return { measure, before: figure(old, 0), after: figure(now, 1), change };
    }),
    ...(target.labels !== "ratings" && { eceFloor: calibrationFloor(binsOf(after, target.labels === "pairs", bins)) }),
  };
}

/** Fewest labels that figures are taken from. */
const LEAST_HELD_OUT = 20;

function predict(items: readonly Labelled[], apply: (score: number) => number, space: ScoreSpace, target: CalibrationTarget): Predictions {
  if (target.labels === "ratings") {
    const rated = items as readonly GroupedRating[];
    return {
      values: Float64Array.from(rated, ({ score }) => apply(score)),
      labels: Float64Array.from(rated, ({ rating }) => rating),
      losses: new Float64Array(),
    };
  }
  const logitOf = (score: number) => logOdds(space, apply(score));
  const logits = Float64Array.from(items, (item) => ("first" in item ? logitOf(item.first) - logitOf(item.second) : logitOf(item.score)));
  const labels = Float64Array.from(items, (item) => {
    if ("first" in item) return item.label;
    return target.labels === "good" && item.rating >= target.goodFrom ? 1 : 0;
  });
  return {
    values: logits.map(sigmoid),
    labels,
    losses: logits.map((z, i) => labels[i]! * softplus(-z) + (1 - labels[i]!) * softplus(z)),
  };
}

function joined(parts: readonly Predictions[]): Predictions {
  const all = (of: (part: Predictions) => Float64Array) => Float64Array.from(parts.flatMap((part) => [...of(part)]));
  return { values: all(({ values }) => values), labels: all(({ labels }) => labels), losses: all(({ losses }) => losses) };
}

function binsOf({ values, labels }: Predictions, pairs: boolean, bins: number) {
  return (pairs ? confidenceReliability : reliability)(values, labels, bins).bins;
}

interface Measure {
  readonly measure: string;
  of(predictions: Predictions, drawn: readonly number[]): number;
}

function probabilityMeasures(bins: number, pairs: boolean): readonly Measure[] {
  const mean = (values: Float64Array) => sum(values) / values.length;
  return [
    { measure: "nll", of: ({ losses }, drawn) => mean(pick(losses, drawn)) },
    {
      measure: "ece",
      of: ({ values, labels }, drawn) => {
        const [p, y] = [pick(values, drawn), pick(labels, drawn)];
        return pairs ? confidenceReliability(p, y, bins).ece : reliability(p, y, bins).ece;
      },
    },
    {
      measure: "adaptiveEce",
      of: ({ values, labels }, drawn) => {
        const [p, y] = [pick(values, drawn), pick(labels, drawn)];
        if (!pairs) return adaptiveEce(p, y, bins);
        const right = p.map((value, i) => ((value >= 0.5 ? 1 : 0) === y[i] ? 1 : 0));
        return adaptiveEce(
          p.map((value) => Math.max(value, 1 - value)),
          right,
          bins,
        );
      },
    },
    { measure: "brier", of: ({ values, labels }, drawn) => mean(Float64Array.from(drawn, (i) => (values[i]! - labels[i]!) ** 2)) },
    { measure: "accuracy", of: ({ values, labels }, drawn) => mean(Float64Array.from(drawn, (i) => creditOf(values[i]!, labels[i]!))) },
  ];
}

function ratingMeasures(bins: number): readonly Measure[] {
  return [
    {
      measure: "rmse",
      of: ({ values, labels }, drawn) => Math.sqrt(sum(Float64Array.from(drawn, (i) => (values[i]! - labels[i]!) ** 2)) / drawn.length),
    },
    // The mean gap between predicted and actual rating, over bins of equal mass: the adaptive ECE in the unit of the ratings.
    { measure: "calibrationError", of: ({ values, labels }, drawn) => adaptiveEce(pick(values, drawn), pick(labels, drawn), bins) },
  ];
}

function pick(values: Float64Array, drawn: readonly number[]): Float64Array {
  return Float64Array.from(drawn, (i) => values[i]!);
}

/** 1 for a right answer, 0 for a wrong one, ½ where the judge cannot tell. */
function creditOf(p: number, label: number): number {
  if (p === 0.5) return 0.5;
  return p > 0.5 === label > 0.5 ? 1 : 0;
}

function accuracyInterval({ values, labels }: Predictions, clusters: readonly (readonly number[])[], target: CalibrationTarget): Interval {
  const counts = clusters.map((items) => ({ k: sum(items.map((i) => creditOf(values[i]!, labels[i]!))), n: items.length }));
  const independent = target.labels === "pairs" && counts.every(({ n }) => n === 1);
  return independent ? wilson(sum(counts.map(({ k }) => k)), counts.length) : clusterInterval(counts);
}

function groupsOf(items: readonly { readonly group: string }[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { group }] of items.entries()) {
    const known = groups.get(group);
    if (known) known.push(i);
    else groups.set(group, [i]);
  }
  return [...groups.values()];
}
