import { type Optional, requireFinite } from "../missing.ts";
import { sigmoid, sum } from "../numerics.ts";

/** State of the multipliers of a run, one per judge. A value: a step gives a new one. */
export interface Multipliers {
  /** Unbounded multipliers, shape [J]. */
  readonly mu: Float64Array;
  /** Momentum of the descent, shape [J]. */
  readonly velocity: Float64Array;
}

/** What a judge's mean reward is held to: `inequality` at least its threshold, `equality` its threshold. */
export type ConstraintForm = "inequality" | "equality";

/** How multipliers move. */
export interface MultiplierOptions {
  /** Mean reward that each judge is held to, shape [J]. */
  readonly thresholds: ArrayLike<number>;
  readonly form: ConstraintForm;
  /** > 0. */
  readonly learningRate: number;
  /** In [0, 1). */
  readonly momentum: number;
  /** Largest Euclidean length of a gradient, > 0; Infinity for no bound. */
  readonly maxGradientNorm: number;
}

/**
 * Bounded weights from multipliers: λ = σ(μ) in (0, 1) for inequalities, tanh(μ) in (−1, 1) for equalities.
 *
 * @param mu shape [J]
 * @returns λ, shape [J]
 * @complexity O(J), pure
 * @see Moskovitz et al. 2023, Confronting Reward Model Overoptimization with Constrained RLHF, arXiv:2310.04373
 * @example lambdaOf(Float64Array.of(0), "inequality")[0] // → 0.5
 */
export function lambdaOf(mu: Float64Array, form: ConstraintForm): Float64Array {
  return mu.map(form === "inequality" ? sigmoid : Math.tanh);
}

/**
 * One step of the multipliers: descends Σ_j λ[j]·(R̄[j] − θ[j]) with momentum. A judge below its threshold gains weight, one
 * above loses it. A judge without a mean keeps its multiplier and its velocity.
 *
 * g = λ′(μ)·(R̄ − θ), scaled down to the largest norm; v ← momentum·v + g; μ ← μ − rate·v.
 *
 * @param state multipliers before the step
 * @param means mean reward of each judge since the last step, shape [J]; null is missing
 * @returns multipliers after the step, a new value
 * @throws {GatewayError} SCORE_NOT_FINITE when a mean is NaN or infinite
 * @complexity O(J), pure
 * @see Moskovitz et al. 2023, Confronting Reward Model Overoptimization with Constrained RLHF, arXiv:2310.04373
 * @example stepMultipliers({ mu: Float64Array.of(0), velocity: Float64Array.of(0) }, [1], { thresholds: [0], form: "equality", learningRate: 0.5, momentum: 0, maxGradientNorm: 1 }).mu[0] // → -0.5
 */
export function stepMultipliers(state: Multipliers, means: readonly Optional[], options: MultiplierOptions): Multipliers {
  requireFinite(means, "a mean reward");
  const { thresholds, form, learningRate, momentum, maxGradientNorm } = options;
  const gradient = lambdaOf(state.mu, form).map((lambda, j) => {
    const slope = form === "inequality" ? lambda * (1 - lambda) : 1 - lambda * lambda;
    return means[j] === null ? 0 : slope * (means[j]! - thresholds[j]!);
  });
  const norm = Math.sqrt(sum(gradient.map((g) => g * g)));
  const scale = norm > maxGradientNorm ? maxGradientNorm / norm : 1;
  const velocity = state.velocity.map((v, j) => (means[j] === null ? v : momentum * v + scale * gradient[j]!));
  const mu = state.mu.map((m, j) => (means[j] === null ? m : m - learningRate * velocity[j]!));
  return { mu, velocity };
}

/**
 * The reward that multipliers mix: (J − Σλ)·klReward + Σ_j λ[j]·reward[j]. A missing judge's term is left out and its share is
 * not given to the KL term.
 *
 * @param rewards  rewards or advantages, one per judge, shape [J]; null is missing
 * @param klReward reward or advantage of staying near the reference policy
 * @param lambda   weights of the multipliers, shape [J]
 * @throws {GatewayError} SCORE_NOT_FINITE when a reward is NaN or infinite
 * @complexity O(J), pure
 * @see Moskovitz et al. 2023, Confronting Reward Model Overoptimization with Constrained RLHF, arXiv:2310.04373
 * @example mixedReward([0.25], 1, Float64Array.of(0.5)) // → 0.625
 */
export function mixedReward(rewards: readonly Optional[], klReward: number, lambda: Float64Array): number {
  requireFinite([...rewards, klReward], "a reward");
  const terms = lambda.map((weight, j) => weight * (rewards[j] ?? 0));
  return (lambda.length - sum(lambda)) * klReward + sum(terms);
}
