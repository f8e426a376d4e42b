import { softmin } from "../aggregation/softmin.ts";
import { equalWeights, type Optional, requireFinite } from "../missing.ts";
import { logSigmoid, sigmoid, sum } from "../numerics.ts";

/** How likely a step is right. */
export interface StepProbability {
  /** In [0, 1]. */
  readonly probability: number;
  /** Its logarithm, ≤ 0, exact where the probability itself is too near 0 for a double. */
  readonly logProbability: number;
}

/**
 * Probability that a step is right, from the two logits that a process reward model gives at the step's marker: p = σ(ℓ₊ − ℓ₋).
 *
 * @throws {GatewayError} SCORE_NOT_FINITE when a logit is NaN or infinite
 * @complexity O(1), pure
 * @see Du et al. 2025, MM-PRM: Enhancing Multimodal Mathematical Reasoning with Scalable Step-Level Supervision, arXiv:2505.13427
 * @example stepProbability(1, 1).probability // → 0.5
 */
export function stepProbability(plus: number, minus: number): StepProbability {
  requireFinite([plus, minus], "a logit of a step");
  return { probability: sigmoid(plus - minus), logProbability: logSigmoid(plus - minus) };
}

/** The scores of a response's steps in one number. Products and sums fall with every step; the others do not depend on how many there are. */
export const STEP_AGGREGATIONS = [
  "min",
  "product",
  "last",
  "mean",
  "max",
  "sumLogProbability",
  "sumLogit",
  "geometricMean",
  "softmin",
] as const;
export type StepAggregation = (typeof STEP_AGGREGATIONS)[number];

/** Constants of the aggregations that need one. */
export interface StepAggregationOptions {
  /** Logarithms are taken of p within [ε, 1 − ε]; in (0, ½). */
  readonly epsilon: number;
  /** τ of `softmin`, > 0: the mean of p under weights ∝ exp(−p/τ). */
  readonly temperature: number;
}

/** What is usual. */
export const STEP_AGGREGATION_OPTIONS: StepAggregationOptions = { epsilon: 1e-6, temperature: 0.1 };

/**
 * Combines step probabilities: min, ∏p, the last, mean, max, Σ ln p, Σ logit p, exp(mean ln p), or a soft minimum.
 *
 * @param steps probabilities, shape [H], each in [0, 1]; null is missing
 * @returns in [0, 1], `sumLogProbability` ≤ 0, `sumLogit` any number; null without steps or when one is missing
 * @throws {GatewayError} SCORE_NOT_FINITE when a step is NaN or infinite
 * @complexity O(H), pure
 * @see Du et al. 2025, MM-PRM, arXiv:2505.13427; Cheng et al. 2025, PURE, arXiv:2504.15275, for the soft minimum
 * @example aggregateSteps([0.9, 0.4, 0.8], "min") // → 0.4
 */
export function aggregateSteps(
  steps: readonly Optional[],
  aggregation: StepAggregation,
  options: StepAggregationOptions = STEP_AGGREGATION_OPTIONS,
): Optional {
  requireFinite(steps, "a step score");
  const present = steps.filter((step): step is number => step !== null);
  if (present.length === 0 || present.length < steps.length) return null;
  return AGGREGATE[aggregation](Float64Array.from(present), options);
}

const AGGREGATE: Readonly<Record<StepAggregation, (steps: Float64Array, options: StepAggregationOptions) => number>> = {
  min: (steps) => steps.reduce((least, p) => Math.min(least, p)),
  product: (steps) => steps.reduce((product, p) => product * p, 1),
  last: (steps) => steps[steps.length - 1]!,
  mean: (steps) => sum(steps) / steps.length,
  max: (steps) => steps.reduce((greatest, p) => Math.max(greatest, p)),
  sumLogProbability: (steps, { epsilon }) => sum(steps.map((p) => Math.log(within(p, epsilon)))),
  sumLogit: (steps, { epsilon }) => sum(steps.map((p) => Math.log(within(p, epsilon)) - Math.log1p(-within(p, epsilon)))),
  geometricMean: (steps, { epsilon }) => Math.exp(sum(steps.map((p) => Math.log(within(p, epsilon)))) / steps.length),
  softmin: (steps, { temperature }) => softmin(steps, equalWeights(steps.length), { temperature, form: "weighted" }).reward,
};

function within(p: number, epsilon: number): number {
  return Math.min(1 - epsilon, Math.max(epsilon, p));
}

/**
 * A reward of process and outcome: (1 − β)·outcome + β·process.
 *
 * @param outcome reward of the answer
 * @param process mean step score of the response, same scale
 * @param beta    share of the process, in [0, 1]; 0.8 is the baseline of the paper
 * @throws {GatewayError} SCORE_NOT_FINITE when either is NaN or infinite
 * @complexity O(1), pure
 * @see Ye et al. 2025, Beyond Correctness: Harmonizing Process and Outcome Rewards through RL Training, arXiv:2509.03403
 * @example blendOutcome(1, 0.5, 0.5) // → 0.75
 */
export function blendOutcome(outcome: number, process: number, beta: number): number {
  requireFinite([outcome, process], "a reward to blend");
  return (1 - beta) * outcome + beta * process;
}
