import { GatewayError } from "../../domain/errors.ts";
import { quantileSorted, sigmoid, sum } from "../numerics.ts";
import { interpolate, type Knots } from "./isotonic.ts";

/** Two scores of one prompt and which of them is better. */
export interface ScoredPair {
  readonly first: number;
  readonly second: number;
  /** Probability that the first is better, in [0, 1]. */
  readonly label: number;
}

/** How a monotone map is fitted on pairs. */
export interface IsotonicPairsOptions {
  /** Straight pieces of the map; each holds an equal share of the scores. */
  readonly pieces: number;
  /** Added to half the square of every step, per pair: bounds the steps of a judge that never errs. */
  readonly ridge: number;
  /** Fewest pairs to fit on. */
  readonly minPairs: number;
}

/** Usual options. */
export const ISOTONIC_PAIRS_OPTIONS: IsotonicPairsOptions = { pieces: 10, ridge: 1e-3, minPairs: 200 };

const MOST_SWEEPS = 2_000;
const SETTLED = 1e-9;

/**
 * Monotone map of scores to log-odds, fitted on pairs: the never falling, piecewise linear f that maximises the likelihood of
 * labels under P(first beats second) = σ(f(first) − f(second)). A temperature is the straight line among these maps.
 *
 * Pairs say nothing about the level of f, so the median score is put at 0. Labels of single candidates cannot stand in for
 * pairs here: prompts differ in their level, and pooling them flattens the map.
 *
 * f is a sum of ramps between knots with heights ≥ 0, which makes the fit a logistic regression with coefficients ≥ 0: convex,
 * and solved by coordinate descent, each step with the greatest curvature that the logistic loss can have, so that none
 * overshoots.
 *
 * @param pairs scores of both sides and labels
 * @returns knots with strictly ascending scores; f is constant outside them
 * @throws {GatewayError} REQUEST_INVALID on fewer than minPairs pairs or when every score is the same
 * @complexity O(pairs · pieces) a sweep, at most 2,000 sweeps, pure
 */
export function fitIsotonicPairs(pairs: readonly ScoredPair[], { pieces, ridge, minPairs }: IsotonicPairsOptions): Knots {
  if (pairs.length < minPairs) {
    throw new GatewayError("REQUEST_INVALID", `${pairs.length} labelled pairs are too few to fit on: label at least ${minPairs}`);
  }
  const sorted = Float64Array.from(pairs.flatMap(({ first, second }) => [first, second])).sort();
  const x = Float64Array.from(new Set(Array.from({ length: pieces + 1 }, (_, k) => quantileSorted(sorted, k / pieces))));
  if (x.length < 2) throw new GatewayError("REQUEST_INVALID", "every score is the same: a judge without an opinion cannot be calibrated");
  const ramps = Array.from({ length: x.length - 1 }, (_, k) => {
    const height = (score: number) => Math.min(1, Math.max(0, (score - x[k]!) / (x[k + 1]! - x[k]!)));
    return Float64Array.from(pairs, ({ first, second }) => height(first) - height(second));
  });
  const steps = coordinateDescent(
    ramps,
    pairs.map(({ label }) => label),
    ridge,
  );
  const rising = { x, y: Float64Array.from(x, (_, k) => sum(steps.subarray(0, k))) };
  const middle = interpolate(rising, quantileSorted(sorted, 0.5));
  return { x, y: rising.y.map((y) => y - middle) };
}

/** Heights ≥ 0 of the ramps that minimise mean log loss + ridge/2 · Σ height². */
function coordinateDescent(ramps: readonly Float64Array[], labels: readonly number[], ridge: number): Float64Array {
  const n = labels.length;
  const heights = new Float64Array(ramps.length);
  const logits = new Float64Array(n);
  const curvatures = ramps.map((ramp) => sum(ramp.map((z) => z * z)) / (4 * n) + ridge);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0;
    for (const [k, ramp] of ramps.entries()) {
      let slope = ridge * heights[k]!;
      for (let i = 0; i < n; i++) slope += (ramp[i]! * (sigmoid(logits[i]!) - labels[i]!)) / n;
      const next = Math.max(0, heights[k]! - slope / curvatures[k]!);
      const change = next - heights[k]!;
      if (change === 0) continue;
      heights[k] = next;
      for (let i = 0; i < n; i++) logits[i]! += change * ramp[i]!;
      moved = Math.max(moved, Math.abs(change));
    }
    if (moved < SETTLED) break;
  }
  return heights;
}
