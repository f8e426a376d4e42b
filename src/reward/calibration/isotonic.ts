import { z } from "zod";
import type { CalibrationKind } from "../kinds.ts";
import type { Optional } from "../missing.ts";
import { labelledItems } from "./labelled.ts";

const params = z
  .strictObject({
    knotsX: z.array(z.number()).min(1).max(100_000).describe("Raw scores of the knots, strictly ascending."),
    knotsY: z.array(z.number()).min(1).max(100_000).describe("Calibrated scores of the knots, never descending, as many as knotsX."),
  })
  .describe("Straight lines between knots, constant outside them.");

/** Knots of a monotone map. */
export interface Knots {
  /** Strictly ascending, shape [n], n ≥ 1. */
  readonly x: Float64Array;
  /** Never descending, shape [n]. */
  readonly y: Float64Array;
}

/**
 * Isotonic regression: the never falling step function nearest to labels in weighted squares, by pooling adjacent violators.
 * Equal scores are pooled first. The ends of each pooled block become knots, with straight lines between blocks.
 *
 * Scores within one block tie afterwards: whoever ranks should break ties by the raw score. It overfits below some hundreds
 * of items.
 *
 * @param scores  raw scores, shape [n]; null is dropped with its label
 * @param labels  shape [n]; null is dropped
 * @param weights > 0, shape [n]; without them every item weighs 1
 * @throws {GatewayError} REQUEST_INVALID when no item is left, SCORE_NOT_FINITE
 * @complexity O(n log n), pure
 * @see Zadrozny and Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates
 * @example fitIsotonic([1, 2], [1, 0]).y[0] // → 0.5
 */
export function fitIsotonic(scores: readonly Optional[], labels: readonly Optional[], weights?: readonly number[]): Knots {
  const { x, y } = labelledItems(scores, labels, 1);
  const there = scores.flatMap((score, i) => (score === null || (labels[i] ?? null) === null ? [] : [i]));
  const weightOf = (place: number) => weights?.[there[place]!] ?? 1;
  const order = Array.from(x, (_, place) => place).sort((i, j) => x[i]! - x[j]!);
  const blocks: Block[] = [];
  for (const place of order) {
    const weight = weightOf(place);
    const last = blocks.at(-1);
    const item = { first: x[place]!, last: x[place]!, total: weight * y[place]!, weight };
    // Equal scores first make one block of their mean, and only then count as violators.
    if (last !== undefined && last.first === item.first) blocks[blocks.length - 1] = joined(last, item);
    else blocks.push(item);
  }
  const pooled: Block[] = [];
  for (const block of blocks) {
    let next = block;
    while (pooled.length > 0 && meanOf(pooled.at(-1)!) >= meanOf(next)) next = joined(pooled.pop()!, next);
    pooled.push(next);
  }
  const knots = pooled.flatMap((block) => {
    const value = meanOf(block);
    const ends = block.first === block.last ? [block.first] : [block.first, block.last];
    return ends.map((end) => ({ x: end, y: value }));
  });
  return { x: Float64Array.from(knots, (knot) => knot.x), y: Float64Array.from(knots, (knot) => knot.y) };
}

/** Neighbouring scores that share a value. */
interface Block {
  readonly first: number;
  readonly last: number;
  readonly total: number;
  readonly weight: number;
}

function joined(a: Block, b: Block): Block {
  return { first: a.first, last: b.last, total: a.total + b.total, weight: a.weight + b.weight };
}

function meanOf({ total, weight }: Block): number {
  return total / weight;
}

/**
 * Pairs in both orders, (m, y) and (−m, 1 − y), so that a map fitted on them treats both sides alike: p(−m) = 1 − p(m).
 *
 * @param margins shape [n]
 * @param labels  in [0, 1], shape [n]
 * @returns both orders, shape [2n]
 * @complexity O(n), pure
 * @example bothOrders([2], [1]).margins[1] // → -2
 */
export function bothOrders(
  margins: readonly number[],
  labels: readonly number[],
): { readonly margins: number[]; readonly labels: number[] } {
  return { margins: [...margins, ...margins.map((m) => 0 - m)], labels: [...labels, ...labels.map((y) => 1 - y)] };
}

/**
 * Monotone piecewise linear map through the knots (x[i], y[i]); constant outside them.
 *
 * @param knots x strictly ascending, y never descending, shapes [n], n ≥ 1
 * @param score raw score
 * @returns a number in [y[0], y[n−1]]
 * @complexity O(log n)
 * @see Zadrozny and Elkan 2002, Transforming Classifier Scores into Accurate Multiclass Probability Estimates
 */
export function interpolate(knots: Knots, score: number): number {
  const { x, y } = knots;
  const last = x.length - 1;
  if (score <= x[0]!) return y[0]!;
  if (score >= x[last]!) return y[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= score) low = middle;
    else high = middle;
  }
  const share = (score - x[low]!) / (x[high]! - x[low]!);
  return y[low]! + share * (y[high]! - y[low]!);
}

/** Isotonic calibration, as fitted by pooling adjacent violators. Scores inside one pooled block tie. */
export const isotonic: CalibrationKind<typeof params> = {
  method: "isotonic",
  params,
  accepts: "any",
  gives: ["probability", "unit", "logit", "native", "logProbability"],
  spaceOut: () => "probability",
  problems: ({ knotsX, knotsY }, { spaceOut }) => {
    const found = [];
    if (knotsX.length !== knotsY.length) {
      const cause = `${knotsX.length} values in knotsX and ${knotsY.length} in knotsY`;
      found.push({ path: ["knotsY"], cause, remedy: "give one knotsY for each knotsX" });
    }
    const flat = knotsX.findIndex((x, i) => i > 0 && x <= knotsX[i - 1]!);
    if (flat > 0)
      found.push({ path: ["knotsX", flat], cause: "not above the knot before it", remedy: "sort the knots and pool equal ones" });
    const fall = knotsY.findIndex((y, i) => i > 0 && y < knotsY[i - 1]!);
    if (fall > 0) found.push({ path: ["knotsY", fall], cause: "below the knot before it", remedy: "fit again: a calibration is monotone" });
    const bounded = spaceOut === "probability" || spaceOut === "unit";
    const outside = knotsY.findIndex((y) => (bounded && (y < 0 || y > 1)) || (spaceOut === "logProbability" && y > 0));
    if (outside >= 0) {
      const cause = `${knotsY[outside]} is no ${spaceOut}`;
      found.push({ path: ["knotsY", outside], cause, remedy: "state the spaceOut that the knots are in, for example native" });
    }
    return found;
  },
  create: ({ knotsX, knotsY }, spec) => {
    const knots = { x: Float64Array.from(knotsX), y: Float64Array.from(knotsY) };
    return { method: "isotonic", ...spec, apply: (score) => interpolate(knots, score) };
  },
};
