import { z } from "zod";
import { GatewayError } from "../../domain/errors.ts";
import type { CalibrationKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { sigmoid, sum } from "../numerics.ts";
import { labelledItems, logLossSlope, meanLogLoss } from "./labelled.ts";

/** How a logistic map is fitted. */
export interface PlattOptions {
  /** Targets (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2) in place of 1 and 0: Platt's guard against overfitting. */
  readonly smoothTargets: boolean;
  /** Whether a higher score may mean a worse item. */
  readonly allowInversion: boolean;
  /** Greatest |a|: scores that separate the labels end here. */
  readonly aMax: number;
  /** Added to the diagonal of the Hessian. */
  readonly ridge: number;
  /** Fewest items to fit on. */
  readonly minItems: number;
}

/** Usual options. */
export const PLATT_OPTIONS: PlattOptions = { smoothTargets: true, allowInversion: false, aMax: 100, ridge: 1e-12, minItems: 20 };

export interface FittedPlatt {
  /** P(good) = σ(a · score + b). */
  readonly a: number;
  readonly b: number;
  /** Mean negative log-likelihood of the targets, nats. */
  readonly nll: number;
  /** The scores separate the labels; a is at its bound. */
  readonly clamped: boolean;
  /** Every score is the same, so the slope cannot be fitted; a is 1 and b gives the share of good items. */
  readonly degenerate: boolean;
  readonly items: number;
  readonly dropped: number;
}

/** A straight line of logits over scores that are centred on their mean. */
interface Line {
  readonly a: number;
  readonly b: number;
}

const MOST_STEPS = 200;
const MOST_HALVINGS = 60;

/**
 * Platt scaling: the line σ(a · r + b) that maximises the likelihood of labels, by Newton's method with step halving.
 *
 * @param scores raw scores, shape [n]; null is dropped
 * @param labels 0 or 1, shape [n]; null is dropped
 * @param options targets, bounds and the fewest items
 * @throws {GatewayError} REQUEST_INVALID on fewer than minItems items, labels of one class only, labels other than 0 and 1, or
 *   scores that fall as labels rise without allowInversion; SCORE_NOT_FINITE
 * @complexity O(n) per step, pure
 * @see Platt 1999, Probabilistic Outputs for Support Vector Machines and Comparisons to Regularized Likelihood Methods
 * @see Lin, Lin and Weng 2007, A Note on Platt's Probabilistic Outputs for Support Vector Machines
 * @example fitPlatt([-1, 1, -1, 1], [0, 1, 1, 0], { ...PLATT_OPTIONS, minItems: 4 }).b // → 0
 */
export function fitPlatt(scores: readonly Optional[], labels: readonly Optional[], options: PlattOptions): FittedPlatt {
  const { x, y, dropped } = labelledItems(scores, labels, options.minItems);
  const targets = targetsOf(y, options.smoothTargets);
  // Centred scores keep the Hessian well conditioned however far from 0 the scores lie.
  const mean = sum(x) / x.length;
  const centred = x.map((score) => score - mean);
  const degenerate = x.every((score) => score === x[0]);
  const { aMax, ridge } = options;
  // Newton would climb for ever along a slope without a maximum, ever more slowly as the curvature vanishes.
  const side = degenerate || options.smoothTargets ? 0 : separation(x, y);
  const free = degenerate ? { a: 1, b: 0 } : side !== 0 ? { a: side * aMax, b: 0 } : newton(centred, targets, options);
  const clamped = !degenerate && Math.abs(free.a) >= aMax;
  const line = clamped || degenerate ? intercept(centred, targets, { a: clamped ? Math.sign(free.a) * aMax : 1, ridge }) : free;
  if (line.a < 0 && !options.allowInversion) {
    throw new GatewayError("REQUEST_INVALID", "scores fall as labels rise: check which label means good, or allow an inversion");
  }
  const logits = centred.map((score) => line.a * score + line.b);
  return { a: line.a, b: line.b - line.a * mean, nll: meanLogLoss(logits, targets), clamped, degenerate, items: x.length, dropped };
}

function targetsOf(labels: Float64Array, smooth: boolean): Float64Array {
  const good = labels.filter((label) => label === 1).length;
  const bad = labels.filter((label) => label === 0).length;
  if (good + bad < labels.length) {
    throw new GatewayError("REQUEST_INVALID", "a label is neither 0 nor 1: cut ratings at a threshold first");
  }
  if (good === 0 || bad === 0) {
    throw new GatewayError("REQUEST_INVALID", `every label is ${good === 0 ? 0 : 1}: a calibration needs good and bad items`);
  }
  if (!smooth) return labels;
  return labels.map((label) => (label === 1 ? (good + 1) / (good + 2) : 1 / (bad + 2)));
}

/** 1 where no bad item lies above a good one, −1 where no good item lies above a bad one, 0 where they overlap. */
function separation(x: Float64Array, labels: Float64Array): -1 | 0 | 1 {
  const good = x.filter((_, i) => labels[i] === 1);
  const bad = x.filter((_, i) => labels[i] === 0);
  const least = (values: Float64Array) => values.reduce((low, value) => Math.min(low, value));
  const most = (values: Float64Array) => values.reduce((high, value) => Math.max(high, value));
  if (most(bad) <= least(good)) return 1;
  return most(good) <= least(bad) ? -1 : 0;
}

/** The best line, or the first one whose slope passes the bound. */
function newton(x: Float64Array, targets: Float64Array, { aMax, ridge }: PlattOptions): Line {
  const lossOf = ({ a, b }: Line) =>
    meanLogLoss(
      x.map((score) => a * score + b),
      targets,
    );
  let line: Line = { a: 0, b: 0 };
  let loss = lossOf(line);
  for (let step = 0; step < MOST_STEPS && Math.abs(line.a) < aMax; step++) {
    const p = x.map((score) => sigmoid(line.a * score + line.b));
    const weights = p.map((share) => share * (1 - share));
    const gradientA = sum(x.map((score, i) => score * (p[i]! - targets[i]!)));
    const gradientB = sum(p.map((share, i) => share - targets[i]!));
    const aa = sum(weights.map((w, i) => w * x[i]! * x[i]!)) + ridge;
    const ab = sum(weights.map((w, i) => w * x[i]!));
    const bb = sum(weights) + ridge;
    const determinant = aa * bb - ab * ab;
    const stepA = (bb * gradientA - ab * gradientB) / determinant;
    const stepB = (aa * gradientB - ab * gradientA) / determinant;
    let share = 1;
    let next = line;
    let nextLoss = loss;
    for (let halving = 0; halving < MOST_HALVINGS; halving++, share /= 2) {
      next = { a: line.a - share * stepA, b: line.b - share * stepB };
      nextLoss = lossOf(next);
      if (nextLoss <= loss) break;
    }
    if (!(nextLoss < loss)) break;
    line = next;
    loss = nextLoss;
  }
  return line;
}

/** The best intercept for a slope that is given: the root of Σ (σ(a·x + b) − t), which rises with b. */
function intercept(x: Float64Array, targets: Float64Array, { a, ridge }: { readonly a: number; readonly ridge: number }): Line {
  const reach = Math.abs(a) * x.reduce((most, score) => Math.max(most, Math.abs(score)), 0) - Math.log(ridge);
  let [below, above] = [-reach, reach];
  for (let step = 0; step < MOST_STEPS; step++) {
    const b = (below + above) / 2;
    if (sum(x.map((score, i) => logLossSlope(a * score + b, targets[i]!))) < 0) below = b;
    else above = b;
  }
  return { a, b: (below + above) / 2 };
}

const params = z
  .strictObject({
    slope: z.number().describe("a of σ(a · raw + b). Above 0, unless allowInversion."),
    intercept: z.number().default(0).describe("b of σ(a · raw + b)."),
    allowInversion: z.boolean().default(false).describe("Whether a higher raw score may mean a worse candidate. Default false."),
  })
  .describe("σ(slope × raw + intercept). Fitted on items labelled good or bad.");

/** Platt calibration: the probability that a candidate is good. */
export const platt: CalibrationKind<typeof params> = {
  method: "platt",
  params,
  accepts: "any",
  gives: ["probability"],
  spaceOut: () => "probability",
  problems: ({ slope, allowInversion }) => {
    if (slope > 0 || (slope < 0 && allowInversion)) return [];
    const cause = slope === 0 ? "a slope of 0 gives every candidate the same score" : "a negative slope turns the judge's order around";
    return [{ path: ["slope"], cause, remedy: slope === 0 ? "fit again" : "fit again, or set allowInversion: true if that is meant" }];
  },
  create: ({ slope, intercept }, spec) => ({ method: "platt", ...spec, apply: (score) => sigmoid(slope * score + intercept) }),
};
