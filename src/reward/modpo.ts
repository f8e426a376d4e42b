import { GatewayError } from "../domain/errors.ts";
import { softplus, sum } from "./numerics.ts";

/** One side of a pair, as a multi-objective DPO client and the gateway see it together. */
export interface MarginSide {
  /** log π(y|x) − log π_ref(y|x), nats; the client's. */
  readonly logRatio: number;
  /** Rewards of objectives 1 … K−1, shape [K − 1]; the gateway's. */
  readonly margins: Float64Array;
}

/** Implicit rewards of both sides and the loss that they make. */
export interface MarginTerms {
  readonly chosen: number;
  readonly rejected: number;
  /** chosen − rejected. */
  readonly logit: number;
  /** −log σ(logit), nats. */
  readonly loss: number;
}

/**
 * Implicit reward of objective 0 with the other objectives' rewards taken off: (β · logRatio − Σ_{k≥1} w[k] · m[k]) / w[0],
 * for both sides of a pair.
 *
 * @param chosen   the better side
 * @param rejected the worse side
 * @param options  weights w, shape [K], w[0] ≠ 0, and β > 0 (the published code uses 0.1)
 * @returns implicit rewards, their difference and −log σ of it; with w = (1, 0, …) this is DPO
 * @throws {GatewayError} REQUEST_INVALID when w[0] is 0: the client's own objective then has no weight to learn under
 * @complexity O(K), pure
 * @see Zhou et al. 2023, Beyond One-Preference-Fits-All Alignment: Multi-Objective Direct Preference Optimization, arXiv:2310.03708
 * @example marginTerms({ logRatio: 1, margins: Float64Array.of() }, { logRatio: 0, margins: Float64Array.of() }, { weights: Float64Array.of(1), beta: 0.5 }).logit // → 0.5
 */
export function marginTerms(
  chosen: MarginSide,
  rejected: MarginSide,
  { weights, beta }: { readonly weights: Float64Array; readonly beta: number },
): MarginTerms {
  const own = weights[0];
  if (!own) throw new GatewayError("REQUEST_INVALID", "weights[0] is 0 or missing: the objective that is being learnt needs a weight");
  const implicit = ({ logRatio, margins }: MarginSide) => (beta * logRatio - sum(margins.map((m, k) => weights[k + 1]! * m))) / own;
  const [a, b] = [implicit(chosen), implicit(rejected)];
  return { chosen: a, rejected: b, logit: a - b, loss: softplus(b - a) };
}
