import { gatedSumKind } from "./aggregation/gated-sum.ts";
import { geometricMeanKind } from "./aggregation/geometric-mean.ts";
import { lscSumKind } from "./aggregation/lsc-sum.ts";
import { minKind } from "./aggregation/min.ts";
import { medianKind, trimmedMeanKind } from "./aggregation/order-statistics.ts";
import { bordaKind, reciprocalRankKind } from "./aggregation/rank-fusion.ts";
import { softminKind } from "./aggregation/softmin.ts";
import { meanMinusStdKind, uwoKind } from "./aggregation/spread-penalty.ts";
import { weightedMeanKind } from "./aggregation/weighted-mean.ts";
import { weightedSumKind } from "./aggregation/weighted-sum.ts";
import { affine } from "./calibration/affine.ts";
import { cdf, normalScore, quantileMap } from "./calibration/empirical-cdf.ts";
import { isotonic } from "./calibration/isotonic.ts";
import { platt } from "./calibration/platt.ts";
import { temperature } from "./calibration/temperature.ts";
import { zscore } from "./calibration/zscore.ts";
import { batchStd, drGrpo, gdpo, grpo, mrn, opo, rloo } from "./group/estimators.ts";
import type { AdvantageKind, AggregationKind, CalibrationKind, TransformKind } from "./kinds.ts";
import { arctan, centred, preferenceAsReward, tanh } from "./transforms/centred.ts";
import { clip } from "./transforms/clip.ts";
import { minMax, rank } from "./transforms/group-scale.ts";
import { lengthCharge, lengthTarget, softOverlongTransform } from "./transforms/length.ts";
import { logSigmoidCentred } from "./transforms/log-sigmoid-centred.ts";
import { runningScaleTransform } from "./transforms/running-scale.ts";

export { constrainingParams, constrainingProblems, createConstraining } from "./constraints/constraining.ts";
export type { AdvantageKind, AggregationKind, CalibrationKind, MemberFacts, ParamsProblem, TransformKind } from "./kinds.ts";

/** Every calibration method. Adding one is one file and one line here. */
export const CALIBRATION_KINDS: readonly CalibrationKind[] = [affine, temperature, platt, isotonic, cdf, normalScore, quantileMap, zscore];
/** Every transform. */
export const TRANSFORM_KINDS: readonly TransformKind[] = [
  logSigmoidCentred,
  preferenceAsReward,
  centred,
  tanh,
  arctan,
  clip,
  minMax,
  rank,
  runningScaleTransform,
  lengthCharge,
  softOverlongTransform,
  lengthTarget,
];
/** Every aggregation. */
export const AGGREGATION_KINDS: readonly AggregationKind[] = [
  weightedSumKind,
  weightedMeanKind,
  gatedSumKind,
  lscSumKind,
  geometricMeanKind,
  minKind,
  softminKind,
  uwoKind,
  meanMinusStdKind,
  medianKind,
  trimmedMeanKind,
  bordaKind,
  reciprocalRankKind,
];
/** Every estimator of advantages. */
export const ADVANTAGE_KINDS: readonly AdvantageKind[] = [grpo, drGrpo, batchStd, rloo, opo, mrn, gdpo];
