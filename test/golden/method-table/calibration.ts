import { fitAffine } from "../../../src/reward/calibration/affine.ts";
import { empiricalCdf, mapQuantile, normalScoreOf, referenceSet } from "../../../src/reward/calibration/empirical-cdf.ts";
import { pairsFromRatings } from "../../../src/reward/calibration/from-ratings.ts";
import { fitIsotonic, interpolate } from "../../../src/reward/calibration/isotonic.ts";
import { fitPlatt, PLATT_OPTIONS } from "../../../src/reward/calibration/platt.ts";
import { preferenceStrength } from "../../../src/reward/calibration/preference-strength.ts";
import { adaptiveEce, confidenceReliability, negativeLogLikelihood, reliability } from "../../../src/reward/calibration/reliability.ts";
import { fitTemperature, TEMPERATURE_SEARCH } from "../../../src/reward/calibration/temperature.ts";
import { zscoreOf } from "../../../src/reward/calibration/zscore.ts";
import type { Optional } from "../../../src/reward/missing.ts";
import { moments } from "../../../src/reward/moments.ts";
import { sigmoid } from "../../../src/reward/numerics.ts";
import type { Fields } from "../../support/vectors.ts";
import type { MethodTable } from "./table.ts";

/** Null stays null. */
const through = (values: readonly Optional[], map: (x: number) => number) => values.map((x) => (x === null ? null : map(x)));

function temperatureOf(margins: readonly Optional[], labels: readonly Optional[], { a_min, a_max }: Fields) {
  const search = { aMin: a_min ?? TEMPERATURE_SEARCH.aMin, aMax: a_max ?? TEMPERATURE_SEARCH.aMax, minPairs: 1 };
  const { a, temperature, nll, nllUncalibrated, clamped, anticorrelated, degenerate } = fitTemperature(margins, labels, search);
  return { a, T: temperature, nll, nll_uncalibrated: nllUncalibrated, clamped, anticorrelated, degenerate };
}

/** Items of which nothing is missing. */
function whole(p: readonly Optional[], y: readonly Optional[]): { p: number[]; y: number[] } {
  const there = p.flatMap((value, i) => (value === null || y[i] === null ? [] : [i]));
  return { p: there.map((i) => p[i]!), y: there.map((i) => y[i]!) };
}

export const calibration: MethodTable = {
  "calib.temperature_fit": ({ margins, labels }, params) => temperatureOf(margins, labels, params),
  "calib.temperature_from_ratings": ({ scores, ratings }, params) => {
    const pairs = pairsFromRatings(scores, ratings, params.min_gap);
    return { n_pairs: pairs.margins.length, ...temperatureOf(pairs.margins, pairs.labels, params) };
  },
  "calib.platt_fit": ({ scores, labels }, { smooth_targets, allow_inversion }, { p_at }) => {
    const { a, b, clamped, degenerate } = fitPlatt(scores, labels, {
      ...PLATT_OPTIONS,
      smoothTargets: smooth_targets,
      allowInversion: allow_inversion ?? true,
      minItems: 1,
    });
    return { a, b, p: p_at?.map((x: number) => sigmoid(a * x + b)), p_at, clamped, degenerate };
  },
  "calib.isotonic_fit": ({ x, y, w }, _, { predict_at }) => {
    const knots = fitIsotonic(x, y, w);
    const predict = predict_at?.map((at: number) => interpolate(knots, at));
    return { knots_x: knots.x, knots_y: knots.y, predict, predict_at };
  },
  "calib.cdf": ({ reference, x }) => {
    const set = referenceSet(reference);
    return { u: through(x, (score) => empiricalCdf(set, score)), normal_score: through(x, (score) => normalScoreOf(set, score)) };
  },
  "calib.quantile_map": ({ reference_a, reference_b, x }) => {
    const [from, to] = [referenceSet(reference_a), referenceSet(reference_b)];
    return { y: through(x, (score) => mapQuantile(from, to, score)) };
  },
  "calib.zscore": ({ reference, x }, { ddof, eps }) => {
    const spread = moments(reference, ddof);
    return { mean: spread.mean, std: spread.std, z: through(x, (score) => zscoreOf(score, spread, eps)), degenerate: spread.std <= eps };
  },
  "calib.affine_fit": ({ score, rating }) => {
    const { slope, intercept, degenerate } = fitAffine(score, rating, 1);
    return { slope, intercept, predict_at_1: slope + intercept, degenerate };
  },
  "calib.preference_strength": ({ margins }, { ddof }) => {
    const found = margins.map((ofPair: number[]) => preferenceStrength(ofPair, ddof)) as ReturnType<typeof preferenceStrength>[];
    return {
      strength: found.map(({ strength }) => strength),
      std: found.map(({ std }) => std),
      soft_label: found.map(({ softLabel }) => softLabel),
      flip: found.map(({ flip }) => flip),
    };
  },
  "calib.reliability": ({ p, y }, { bins }) => {
    const items = whole(p, y);
    const found = reliability(items.p, items.y, bins);
    return {
      ece: found.ece,
      mce: found.mce,
      brier: found.brier,
      bins: found.bins.map(({ low, high, n, meanP, meanY }) => ({ lo: low, hi: high, n, mean_p: meanP, mean_y: meanY })),
      brier_reliability: found.brierReliability,
      brier_resolution: found.brierResolution,
      brier_uncertainty: found.brierUncertainty,
    };
  },
  "calib.confidence_ece": ({ p, y }, { bins }) => {
    const items = whole(p, y);
    return confidenceReliability(items.p, items.y, bins);
  },
  "calib.adaptive_ece": ({ p, y }, { bins }) => {
    const items = whole(p, y);
    return { ace: adaptiveEce(items.p, items.y, bins) };
  },
  "calib.nll": ({ p, y }, { eps }) => {
    const items = whole(p, y);
    return { nll: negativeLogLikelihood(items.p, items.y, eps) };
  },
};
