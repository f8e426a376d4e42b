import { GatewayError } from "../../domain/errors.ts";
import { type Optional, requireFinite } from "../missing.ts";
import { sigmoid, softplus, sum } from "../numerics.ts";

/** Numbers and labels of the same items, both there. */
export interface Labelled {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Items left out because one of the two is null. */
  readonly dropped: number;
}

/**
 * The items that have both a number and a label.
 *
 * @param x     shape [n]; null is missing
 * @param y     shape [n]; null is missing
 * @param least fewest items to fit on; a fit on a handful says nothing
 * @throws {GatewayError} REQUEST_INVALID when fewer are there, SCORE_NOT_FINITE when a number or a label is not finite
 * @complexity O(n), pure
 * @example labelledItems([1, null], [0, 1], 1).dropped // → 1
 */
export function labelledItems(x: readonly Optional[], y: readonly Optional[], least: number): Labelled {
  requireFinite(x, "a score");
  requireFinite(y, "a label");
  const there = x.flatMap((value, i) => (value === null || (y[i] ?? null) === null ? [] : [i]));
  if (there.length < Math.max(least, 1)) {
    throw new GatewayError("REQUEST_INVALID", `${there.length} labelled items are too few to fit on: label at least ${Math.max(least, 1)}`);
  }
  return { x: Float64Array.from(there, (i) => x[i]!), y: Float64Array.from(there, (i) => y[i]!), dropped: x.length - there.length };
}

/**
 * Mean negative log-likelihood of labels under logits: mean of y · softplus(−z) + (1 − y) · softplus(z).
 *
 * @param logits shape [n], n ≥ 1
 * @param labels in [0, 1], shape [n]; between 0 and 1 they are soft
 * @returns nats, ≥ 0
 * @complexity O(n), pure
 * @example meanLogLoss([0], [1]) // → 0.6931471805599453
 */
export function meanLogLoss(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  const losses = Float64Array.from(logits, (z, i) => labels[i]! * softplus(-z) + (1 - labels[i]!) * softplus(z));
  return sum(losses) / losses.length;
}

/**
 * Slope of the log loss in its logit: σ(z) − y, as (1 − y) · σ(z) − y · σ(−z), which keeps its sign where σ(z) rounds to 1.
 *
 * @param label in [0, 1]
 * @complexity O(1), pure
 * @example logLossSlope(0, 1) // → -0.5
 */
export function logLossSlope(logit: number, label: number): number {
  return (1 - label) * sigmoid(logit) - label * sigmoid(-logit);
}

/**
 * Refuses labels outside [0, 1].
 *
 * @throws {GatewayError} REQUEST_INVALID
 */
export function requireShares(labels: Float64Array): void {
  const wrong = labels.find((label) => label < 0 || label > 1);
  if (wrong === undefined) return;
  throw new GatewayError("REQUEST_INVALID", `a label is ${wrong}: labels are probabilities in [0, 1]`);
}
