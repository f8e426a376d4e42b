import { type Optional, requireFinite } from "../missing.ts";
import { logSumExp } from "../numerics.ts";

/**
 * One round of multiplicative weights: π_c ← π_c·e^(−η·loss_c) / Σ, in logarithms, so that no weight is lost to underflow
 * before the division. A head without a loss keeps its weight relative to a loss of 0.
 *
 * @param weights π, shape [C], ≥ 0, not all 0; a weight of 0 stays 0
 * @param losses  of the heads on one piece of feedback, nats, shape [C]; null is missing
 * @param eta     learning rate, ≥ 0; 0 keeps the weights
 * @returns new weights, shape [C], summing to 1
 * @throws {GatewayError} SCORE_NOT_FINITE when a loss is NaN or infinite
 * @complexity O(C), pure
 * @see Freund and Schapire 1997, A Decision-Theoretic Generalization of On-Line Learning and an Application to Boosting
 * @example hedge([0.5, 0.5], [0, 0], 1)[0] // → 0.5
 */
export function hedge(weights: ArrayLike<number>, losses: readonly Optional[], eta: number): Float64Array {
  requireFinite(losses, "a loss");
  const logs = Float64Array.from(weights, (weight, c) => Math.log(weight) - eta * (losses[c] ?? 0));
  const total = logSumExp(logs);
  return logs.map((log) => Math.exp(log - total));
}
