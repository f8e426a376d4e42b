import { GatewayError } from "../../domain/errors.ts";
import { requireFinite } from "../missing.ts";
import { softmax, sum } from "../numerics.ts";

/** A score that two levels of gating made, and the weights of both. */
export interface HierarchicalSum {
  /** Σ_m b[m] · a[m], in the unit of the criteria. */
  readonly value: number;
  /** Weights of the criteria within each aspect, each list summing to 1. */
  readonly criteriaWeights: readonly Float64Array[];
  /** a[m], shape [A]. */
  readonly aspectScores: Float64Array;
  /** b[m], summing to 1, shape [A]. */
  readonly aspectWeights: Float64Array;
}

/** Logits of the two gating networks, both read from the prompt. */
export interface HierarchicalLogits {
  /** Shape [A]. */
  readonly aspects: Float64Array;
  /** Shape [K]. */
  readonly criteria: Float64Array;
}

/**
 * Two-level gating: within each aspect a softmax over its criteria, a[m] = Σ_{k∈m} w[k] · r[k]; over the aspects another,
 * value = Σ_m b[m] · a[m].
 *
 * @param criteria scores of the criteria, shape [K]
 * @param logits   of both networks
 * @param options  for each aspect the indices of its criteria, which partition 0…K−1, and the temperature of both softmaxes
 * @throws {GatewayError} SCORE_NOT_FINITE when a criterion is not finite
 * @complexity O(K), pure
 * @see Tong et al. 2025, MJ-VIDEO: Fine-Grained Benchmarking and Rewarding Video Preferences, arXiv:2502.01719
 * @example hierarchicalSum(Float64Array.of(1, 3), { aspects: Float64Array.of(0), criteria: Float64Array.of(0, 0) }, { aspects: [[0, 1]], temperature: 1 }).value // → 2
 */
export function hierarchicalSum(
  criteria: Float64Array,
  logits: HierarchicalLogits,
  { aspects, temperature }: { readonly aspects: readonly (readonly number[])[]; readonly temperature: number },
): HierarchicalSum {
  requireFinite(criteria, "a criterion");
  const gate = (values: Float64Array) => softmax(values.map((logit) => logit / temperature));
  const criteriaWeights = aspects.map((members) => gate(Float64Array.from(members, (k) => logits.criteria[k]!)));
  const aspectScores = Float64Array.from(aspects, (members, m) => sum(criteriaWeights[m]!.map((w, i) => w * criteria[members[i]!]!)));
  const aspectWeights = gate(logits.aspects);
  return { value: sum(aspectWeights.map((b, m) => b * aspectScores[m]!)), criteriaWeights, aspectScores, aspectWeights };
}

/**
 * Refuses aspects that leave a criterion out, name one twice, or are empty.
 *
 * @param aspects for each aspect the indices of its criteria
 * @param count   K, the number of criteria
 * @throws {GatewayError} CONFIG_INVALID
 * @complexity O(K), pure
 */
export function requirePartition(aspects: readonly (readonly number[])[], count: number): void {
  const named = aspects.flat().toSorted((a, b) => a - b);
  const whole = named.length === count && named.every((k, i) => k === i);
  if (whole && aspects.every((members) => members.length > 0)) return;
  throw new GatewayError(
    "CONFIG_INVALID",
    `the aspects name the criteria ${named.join(", ") || "(none)"}: each of 0 to ${count - 1} belongs to exactly one aspect, and none is empty`,
  );
}
